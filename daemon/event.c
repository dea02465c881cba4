#include "event.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

#define LINE_MAX_BYTES 2048

static const struct {
	enum log_level level;
	const char *word; /* what happened, where from and to do not say it */
} types[] = {
	[EVENT_ANSWER] = { LOG_LEVEL_WARNING, "" },
	[EVENT_HEALTH] = { LOG_LEVEL_INFO, "" },
	[EVENT_CHECK] = { LOG_LEVEL_INFO, "check" },
	[EVENT_UNCERTAIN] = { LOG_LEVEL_WARNING, "" },
	[EVENT_RESOLVE] = { LOG_LEVEL_INFO, "" },
	[EVENT_REFUSED] = { LOG_LEVEL_WARNING, "" },
	[EVENT_CERTIFICATE] = { LOG_LEVEL_WARNING, "" },
	[EVENT_SETTLED] = { LOG_LEVEL_INFO, "settled" },
	[EVENT_RELOAD] = { LOG_LEVEL_INFO, "reload" },
	[EVENT_STATE] = { LOG_LEVEL_WARNING, "state" },
	[EVENT_FORCED] = { LOG_LEVEL_WARNING, "forced" },
	[EVENT_RELEASED] = { LOG_LEVEL_WARNING, "forced no longer" },
	[EVENT_EXPIRED] = { LOG_LEVEL_WARNING, "forced no longer: its time is up" },
	[EVENT_DROPPED] = { LOG_LEVEL_WARNING, "forced no longer" },
	[EVENT_ISOLATED] = { LOG_LEVEL_WARNING, "isolated" },
	[EVENT_REJOINED] = { LOG_LEVEL_WARNING, "no longer isolated" },
};

struct line {
	char text[LINE_MAX_BYTES];
	size_t length;
};

static void append(struct line *line, const char *before, const char *text)
{
	int n;

	if (!text || !*text)
		return;
	n = snprintf(line->text + line->length, sizeof(line->text) - line->length, "%s%s",
	             line->length ? before : "", text);
	if (n > 0)
		line->length += (size_t)n;
	if (line->length >= sizeof(line->text))
		line->length = sizeof(line->text) - 1;
}

/* www.example.com: primary 192.0.2.10: up -> down: connection refused */
void event_emit(const struct event_record *event)
{
	struct line line = { .length = 0 };

	append(&line, "", event->record);
	append(&line, ": ", event->endpoint);
	append(&line, " ", event->address);
	append(&line, ": ", types[event->type].word);
	append(&line, ": ", event->from);
	append(&line, " -> ", event->to);
	append(&line, ": ", event->reason);
	log_write(types[event->type].level, "%s", line.text);
}
