#include "event/type.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *word;
	enum log_level level;
	const char *says; /* see event_says() */
} types[EVENT_TYPES] = {
	[EVENT_ANSWER] = { "answer", LOG_LEVEL_WARNING, "" },
	[EVENT_HEALTH] = { "health", LOG_LEVEL_INFO, "" },
	[EVENT_CHECK] = { "check", LOG_LEVEL_INFO, "check" },
	[EVENT_UNCERTAIN] = { "uncertain", LOG_LEVEL_WARNING, "" },
	[EVENT_RESOLVE] = { "resolve", LOG_LEVEL_INFO, "" },
	[EVENT_REFUSED] = { "refused", LOG_LEVEL_WARNING, "" },
	[EVENT_CERTIFICATE] = { "certificate", LOG_LEVEL_WARNING, "" },
	[EVENT_SETTLED] = { "settled", LOG_LEVEL_INFO, "settled" },
	[EVENT_RELOAD] = { "reload", LOG_LEVEL_INFO, "reload" },
	[EVENT_FORCED] = { "forced", LOG_LEVEL_WARNING, "forced" },
	[EVENT_RELEASED] = { "released", LOG_LEVEL_WARNING, "no longer forced" },
	[EVENT_EXPIRED] = { "expired", LOG_LEVEL_WARNING,
	                    "no longer forced: the override expired" },
	[EVENT_STATE] = { "state", LOG_LEVEL_WARNING, "state" },
	[EVENT_DROPPED] = { "dropped", LOG_LEVEL_WARNING, "no longer forced" },
	[EVENT_ISOLATED] = { "isolated", LOG_LEVEL_WARNING, "isolated" },
	[EVENT_REJOINED] = { "rejoined", LOG_LEVEL_WARNING, "no longer isolated" },
	[EVENT_DOOR] = { "door", LOG_LEVEL_INFO, "door" },
	[EVENT_CONNECTIONS_RESET] = { "connections_reset", LOG_LEVEL_WARNING, "" },
	[EVENT_RESET_FAILED] = { "reset_failed", LOG_LEVEL_WARNING,
	                         "its connections are not reset" },
	[EVENT_FLEET] = { "fleet", LOG_LEVEL_WARNING, "fleet" },
	[EVENT_ORDERED] = { "ordered", LOG_LEVEL_WARNING, "forced for the fleet" },
	[EVENT_ORDER_ENDED] = { "order_ended", LOG_LEVEL_WARNING,
	                        "no longer forced for the fleet" },
};

const char *event_word(enum event_type type)
{
	return types[type].word;
}

bool event_find(const char *word, enum event_type *type)
{
	for (size_t i = 0; i < EVENT_TYPES; i++) {
		if (strcmp(types[i].word, word) == 0) {
			*type = (enum event_type)i;
			return true;
		}
	}
	return false;
}

const char *event_level(enum event_type type)
{
	return types[type].level == LOG_LEVEL_WARNING ? "warning" : "info";
}

enum log_level event_log_level(enum event_type type)
{
	return types[type].level;
}

const char *event_says(enum event_type type)
{
	return types[type].says;
}
