/*
 * The reason why an attempt ended as it did, as a word from a short list, which metrics count. The
 * detail for people is the text of the result.
 *
 * The code that knows the reason passes it to probe_finish(); it is never derived from a text. Each
 * word belongs to one verdict. Users build alerts on the words: shuntd(8) documents them, and they
 * are only ever added.
 */
#ifndef SHUNT_PROBE_WHY_H
#define SHUNT_PROBE_WHY_H

#include "policy/health.h"

enum probe_why {
	WHY_PASS,
	WHY_REFUSED,     /* no process listens on the port */
	WHY_CLOSED,      /* the peer reset or closed the connection prematurely */
	WHY_TIMEOUT,     /* nothing was received, or not in time */
	WHY_NO_ROUTE,    /* no route, according to this host or a router */
	WHY_TLS,         /* TLS could not be negotiated */
	WHY_CERTIFICATE, /* the peer's certificate is not trusted */
	WHY_PROTOCOL,    /* the answer is not HTTP, or exceeds the limits */
	WHY_STATUS,
	WHY_HEADER,
	WHY_BODY,
	/*
	 * The program was ended by a signal, or by a status that neither passes nor is in
	 * none_status.
	 */
	WHY_EXIT,
	WHY_OTHER,     /* any other failure */
	WHY_PROGRAM,   /* the program could not be run */
	WHY_UNDECIDED, /* the program reported, by a status in none_status, that it cannot decide */
	WHY_OWN_FAULT, /* this host could not make the attempt */
	WHY_LATE,      /* a failure that does not count, since the loop was late */
	WHYS
};

const char *probe_why_word(enum probe_why why);
enum verdict probe_why_verdict(enum probe_why why);
/* Whose fault it is thought to be that there is no verdict; SIDE_UNKNOWN if there is one. */
enum health_side probe_why_side(enum probe_why why);

#endif
