/*
 * The types of events: their names, shared by the configuration and the schema, and their levels.
 */
#ifndef SHUNT_EVENT_TYPE_H
#define SHUNT_EVENT_TYPE_H

#include <stdbool.h>

#include "base/log.h"

enum event_type {
	/* Another endpoint answers; `from` and `to` are ids, or "dns", "fail". */
	EVENT_ANSWER,
	/* An address went up or down. */
	EVENT_HEALTH,
	/* A check that others are calculated from went up or down. */
	EVENT_CHECK,
	/* An address's check has had no verdict for a long time, or has one again. */
	EVENT_UNCERTAIN,
	/* An endpoint's name resolves to other addresses, fails to resolve, or works again. */
	EVENT_RESOLVE,
	/* An address was left out because it is local, or exceeds the limit. */
	EVENT_REFUSED,
	/* A certificate presented to a check expires soon, or has expired. */
	EVENT_CERTIFICATE,
	/* Every check has a verdict, or has used up the time allowed for its first. */
	EVENT_SETTLED,
	/* Another configuration is in force. */
	EVENT_RELOAD,
	/* An operator has chosen the endpoint that answers. */
	EVENT_FORCED,
	/* An operator has ended an override. */
	EVENT_RELEASED,
	/* An override has expired. */
	EVENT_EXPIRED,
	/* The saved state cannot be written, can be written again, or was rejected. */
	EVENT_STATE,
	/* An override ended because its endpoint was removed. */
	EVENT_DROPPED,
	/* Nothing beyond this host answers; answers are frozen. */
	EVENT_ISOLATED,
	/* Something beyond this host answers again. */
	EVENT_REJOINED,
	/* A door was attached, waits for its cgroup, or was refused; `from` and `to` are states. */
	EVENT_DOOR,
	/* Open connections to an endpoint that a record left were reset. */
	EVENT_CONNECTIONS_RESET,
	/* They were to be reset, and were not. */
	EVENT_RESET_FAILED,
	/* etcd was joined or lost; `from` and `to` are states. Or another host has this one's name. */
	EVENT_FLEET,
	/* An order for the fleet has come that concerns this host. */
	EVENT_ORDERED,
	/* It has ended. */
	EVENT_ORDER_ENDED,
	EVENT_TYPES
};

/* "answer", "health", …: the names used in the schema. */
const char *event_word(enum event_type type);
bool event_find(const char *word, enum event_type *type);
/* The level: "info" or "warning", and as a level of the log. */
const char *event_level(enum event_type type);
enum log_level event_log_level(enum event_type type);
/* The text for the log of what happened, where from and to do not show it; may be "". */
const char *event_says(enum event_type type);

#endif
