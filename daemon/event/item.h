/*
 * An event as it is kept: its number, time, fields, the log's line and the JSON text, in one block of memory.
 *
 * event_emit() makes items; the ring and the subscribers hold them. An item never changes once it was made.
 */
#ifndef SHUNT_EVENT_ITEM_H
#define SHUNT_EVENT_ITEM_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "event/type.h"

/* What happened. Fields that do not apply are NULL. */
struct event_record {
	enum event_type type;
	const char *record;
	unsigned more; /* how many other records have the same address */
	const char *endpoint;
	const char *address;
	const char *from;
	const char *to;
	const char *reason;
};

struct event_item {
	uint64_t seq;             /* from 1, without gaps */
	time_t time;              /* wall clock */
	struct event_record what; /* its strings are the item's */
	const char *text;         /* the log's line, without time and level */
	const char *json;         /* one line, its newline included */
	size_t length;            /* of `json`, in bytes */
	uint64_t end; /* bytes of all JSON lines up to and including this one; set by the ring */
	size_t size;  /* of the whole item, in bytes */
	unsigned holders;
};

#define EVENT_LINE_MAX 2048

/* The log's line for an event. */
void event_item_text(const struct event_record *event, char text[EVENT_LINE_MAX]);

/* With no holder yet. `text` is what event_item_text() made. NULL: out of memory. */
struct event_item *event_item_new(const struct event_record *event, const char *text, uint64_t seq);

/* The caller may use the item until event_release(). Returns `item`. */
struct event_item *event_hold(struct event_item *item);
void event_release(struct event_item *item);

#endif
