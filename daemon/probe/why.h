/*
 * Why an attempt ended as it did, as a word of a short list: what metrics count. What a person is told is the detail, in words.
 *
 * Said where it is known (probe_finish), never read out of a text. Each word belongs to one verdict. The words are a contract with
 * whoever has alerts on them, documented in shuntd(8); they are only ever added.
 */
#ifndef SHUNT_PROBE_WHY_H
#define SHUNT_PROBE_WHY_H

#include "policy/health.h"

enum probe_why {
	WHY_PASS,
	WHY_REFUSED,     /* a port where nobody listens */
	WHY_CLOSED,      /* the peer reset or closed the connection too early */
	WHY_TIMEOUT,     /* nothing came back, or not in time */
	WHY_NO_ROUTE,    /* no way there, as this host or a router says */
	WHY_TLS,         /* no agreement on TLS */
	WHY_CERTIFICATE, /* the peer's is not to be trusted */
	WHY_PROTOCOL,    /* what came is not HTTP, or beyond its bounds */
	WHY_STATUS,
	WHY_HEADER,
	WHY_BODY,
	WHY_EXIT, /* the program ended by a signal, or with a status that neither passes nor is in none_status */
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
