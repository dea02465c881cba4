/*
 * Events: every change that a person or a program may want to know of, in one schema, handed to the log.
 *
 * Only changes are events, never the text of the last probe.
 */
#ifndef SHUNT_EVENT_H
#define SHUNT_EVENT_H

#include <stddef.h>

enum event_type {
	EVENT_ANSWER, /* another endpoint answers; from and to are ids, or "dns", "fail" */
	EVENT_HEALTH, /* an address went up or down; the first record that has it, and how many more do */
	EVENT_CHECK,     /* the same of a check that others are calculated from */
	EVENT_UNCERTAIN, /* an address's check has had no verdict for long, or has one again */
	EVENT_RESOLVE, /* an endpoint's name resolves to other addresses, or fails, or works again */
	EVENT_REFUSED,     /* an address was left out: local, or one too many */
	EVENT_CERTIFICATE, /* a certificate that a check was shown ends soon, or has ended */
	EVENT_SETTLED,     /* every check has a verdict, or had its time */
	EVENT_RELOAD,      /* another configuration is in force */
	EVENT_FORCED,      /* an operator says which endpoint answers */
	EVENT_RELEASED,    /* an operator says that the election does again */
	EVENT_EXPIRED,     /* an override's time is up */
	EVENT_STATE, /* what must survive a restart cannot be written, is written again, or was not believed */
	EVENT_DROPPED,  /* an override's endpoint is gone */
	EVENT_ISOLATED, /* nothing beyond this host answers: the answers hold */
	EVENT_REJOINED  /* something does again */
};

/* Fields that do not apply are NULL. */
struct event_record {
	enum event_type type;
	const char *record;
	const char *endpoint;
	const char *address;
	const char *from;
	const char *to;
	const char *reason;
};

void event_emit(const struct event_record *event);

#endif
