/*
 * Why an attempt ended as it did, as a word of a short list, which metrics count. The detail for
 * people is the text of the result.
 *
 * The code that knows the reason passes it to probe_finish(); it is never read out of a text. Each
 * word belongs to one verdict. Alerts are built on the words: shuntd(8) documents them, and they
 * are only ever added.
 */
#ifndef SHUNT_PROBE_WHY_H
#define SHUNT_PROBE_WHY_H

#include "policy/health.h"

enum probe_why {
	WHY_PASS,
	WHY_REFUSED,     /* no process listens on the port */
	WHY_CLOSED,      /* the peer reset or closed the connection too early */
	WHY_TIMEOUT,     /* nothing came back, or not in time */
	WHY_NO_ROUTE,    /* no way there, as this host or a router says */
	WHY_TLS,         /* no agreement on TLS */
	WHY_CERTIFICATE, /* the peer's is not trusted */
	WHY_PROTOCOL,    /* what came is not HTTP, or beyond its bounds */
	WHY_STATUS,
	WHY_HEADER,
	WHY_BODY,
	/* The program ended by a signal, or with a status that neither passes nor is in none_status. */
	WHY_EXIT,
	WHY_OTHER,     /* a failure of no other kind */
	WHY_PROGRAM,   /* the program could not be run */
	WHY_UNDECIDED, /* the program says, by a status of none_status, that it cannot tell */
	WHY_OWN_FAULT, /* this host could not make the attempt */
	WHY_LATE,      /* a failure that counts for nothing, since our loop was late */
	WHYS
};

const char *probe_why_word(enum probe_why why);
enum verdict probe_why_verdict(enum probe_why why);

#endif
