#include "event/item.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/moment.h"

/* --- the log line ----------------------------------------------------------------------------- */

struct line {
	char *text; /* EVENT_LINE_MAX bytes */
	size_t length;
};

static void append(struct line *line, const char *before, const char *text)
{
	int n;

	if (!text || !*text)
		return;
	n = snprintf(line->text + line->length, EVENT_LINE_MAX - line->length, "%s%s",
	             line->length ? before : "", text);
	if (n > 0)
		line->length += (size_t)n;
	if (line->length >= EVENT_LINE_MAX)
		line->length = EVENT_LINE_MAX - 1;
}

/* www.example.com and 3 more: primary 192.0.2.10: up -> down: connection refused */
void event_item_text(const struct event_record *event, char text[EVENT_LINE_MAX])
{
	struct line line = { .text = text };
	char more[32] = "";

	if (event->more)
		snprintf(more, sizeof(more), "%u more", event->more);
	text[0] = '\0';
	append(&line, "", event->record);
	append(&line, " and ", more);
	append(&line, ": ", event->endpoint);
	append(&line, " ", event->address);
	append(&line, ": ", event_says(event->type));
	append(&line, ": ", event->from);
	append(&line, " -> ", event->to);
	append(&line, ": ", event->reason);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static bool set(json_t *object, const char *key, const char *text)
{
	return !text || !*text || json_object_set_new(object, key, json_text(text)) == 0;
}

/* The schema. NULL: out of memory. */
static char *json_line(uint64_t seq, time_t now, const struct event_record *event, const char *text)
{
	char moment[MOMENT_TEXT_MAX];
	json_t *object = json_pack("{s:I}", "seq", (json_int_t)seq);
	char *line = NULL;

	if (object && set(object, "time", moment_format(now, moment)) &&
	    set(object, "type", event_word(event->type)) &&
	    set(object, "level", event_level(event->type)) &&
	    set(object, "record", event->record) &&
	    (!event->more || json_object_set_new(object, "more", json_integer(event->more)) == 0) &&
	    set(object, "endpoint", event->endpoint) && set(object, "address", event->address) &&
	    set(object, "from", event->from) && set(object, "to", event->to) &&
	    set(object, "reason", event->reason) && set(object, "text", text))
		line = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return line;
}

/* --- items ------------------------------------------------------------------------------------ */

static size_t room(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Copies `*text` to `*next`, sets `*text` to the copy and advances `*next`. */
static void keep(const char **text, char **next)
{
	size_t size = room(*text);

	if (!*text)
		return;
	memcpy(*next, *text, size);
	*text = *next;
	*next += size;
}

/* The item and all its strings are one block of memory. */
static struct event_item *item_new(const struct event_record *event, const char *text,
                                   const char *json)
{
	size_t length = strlen(json);
	size_t size = sizeof(struct event_item) + room(event->record) + room(event->endpoint) +
	              room(event->address) + room(event->from) + room(event->to) +
	              room(event->reason) + room(text) + length + sizeof("\n");
	struct event_item *item = malloc(size);
	char *next;

	if (!item)
		return NULL;
	next = (char *)(item + 1);
	*item = (struct event_item){
		.what = *event, .text = text, .length = length + 1, .size = size
	};
	keep(&item->what.record, &next);
	keep(&item->what.endpoint, &next);
	keep(&item->what.address, &next);
	keep(&item->what.from, &next);
	keep(&item->what.to, &next);
	keep(&item->what.reason, &next);
	keep(&item->text, &next);
	item->json = next;
	memcpy(next, json, length);
	memcpy(next + length, "\n", sizeof("\n"));
	return item;
}

struct event_item *event_hold(struct event_item *item)
{
	item->holders++;
	return item;
}

void event_release(struct event_item *item)
{
	if (--item->holders == 0)
		free(item);
}

struct event_item *event_item_new(const struct event_record *event, const char *text, uint64_t seq)
{
	time_t now = time(NULL);
	char *json = json_line(seq, now, event, text);
	struct event_item *item = json ? item_new(event, text, json) : NULL;

	free(json);
	if (!item)
		return NULL;
	item->seq = seq;
	item->time = now;
	return item;
}
