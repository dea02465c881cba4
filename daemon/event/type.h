/* The kinds of events: their words, which the configuration and the schema share, and how much each matters. */
#ifndef SHUNT_EVENT_TYPE_H
#define SHUNT_EVENT_TYPE_H

#include <stdbool.h>

#include "base/log.h"

enum event_type {
	EVENT_ANSWER,    /* another endpoint answers; from and to are ids, or "dns", "fail" */
	EVENT_HEALTH,    /* an address went up or down */
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
	EVENT_REJOINED, /* something does again */
	EVENT_TYPES
};

/* "answer", "health", …: the schema's words. */
const char *event_word(enum event_type type);
bool event_find(const char *word, enum event_type *type);
/* "info", "warning"; and as the log knows it. */
const char *event_level(enum event_type type);
enum log_level event_log_level(enum event_type type);
/* What happened, in the log, where from and to do not say it; may be "". */
const char *event_says(enum event_type type);

#endif
