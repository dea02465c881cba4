/*
 * A stored event: its number, time, fields, log line and JSON text, in one block of memory.
 *
 * event_emit() creates items; the ring and the subscribers hold references. An item is immutable.
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
	unsigned more; /* number of other records with the same address */
	const char *endpoint;
	const char *address;
	const char *from;
	const char *to;
	const char *reason;
};

struct event_item {
	uint64_t seq;             /* from 1, without gaps */
	time_t time;              /* wall clock */
	struct event_record what; /* its strings belong to the item */
	const char *text;         /* the log line, without time and level */
	const char *json;         /* one line, including the newline */
	size_t length;            /* of `json`, in bytes */
	uint64_t end; /* bytes of all JSON lines up to and including this one; set by the ring */
	size_t size;  /* of the whole item, in bytes */
	unsigned holders;
};

#define EVENT_LINE_MAX 2048

/* Formats the log line of an event. */
void event_item_text(const struct event_record *event, char text[EVENT_LINE_MAX]);

/*
 * Returns an item without holders, NULL if out of memory. `text`: the result of event_item_text().
 */
struct event_item *event_item_new(const struct event_record *event, const char *text, uint64_t seq);

/* Adds a reference, to be dropped with event_release(). Returns `item`. */
struct event_item *event_hold(struct event_item *item);
void event_release(struct event_item *item);

#endif
