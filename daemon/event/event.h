/*
 * Events: every change that a person or a program may want to know of, in one schema.
 *
 * event_emit() makes an item of it, which has a number, the log's line and the JSON text, hands it to the log, keeps it among the
 * last EVENT_KEPT and then tells the subscribers. Only changes are events, never the text of the last probe.
 *
 *   event          what happened, who is told
 *   event_type     of which kinds there are
 *   event_fields   the journal's fields
 *   event_ring     the last ones
 *
 * One process has one sequence of events, as it has one log. The loop's thread alone may call.
 */
#ifndef SHUNT_EVENT_EVENT_H
#define SHUNT_EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "event/type.h"

/* Fields that do not apply are NULL. */
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

/* An event as it is kept. It never changes; whoever needs it beyond a call holds it. */
struct event_item {
	uint64_t seq;             /* from 1, without gaps */
	time_t time;              /* wall clock */
	struct event_record what; /* its strings are the item's */
	const char *text;         /* the log's line, without time and level */
	const char *json;         /* one line, its newline included */
	size_t length;            /* of that */
	uint64_t end;             /* bytes of all lines of JSON up to here, this one included */
	size_t size;              /* of all of it, in bytes */
	unsigned holders;
};

void event_emit(const struct event_record *event);

/* How many of that type there were. */
uint64_t event_count(enum event_type type);

struct event_item *event_hold(struct event_item *item);
void event_release(struct event_item *item);

/* Told of each event, in order. `told` may hold the item; it must not emit, and may be called in the middle of a change. */
struct event_subscriber {
	void (*told)(void *arg, struct event_item *item);
	void *arg;
	TAILQ_ENTRY(event_subscriber) link;
};

void event_subscribe(struct event_subscriber *subscriber);
void event_unsubscribe(struct event_subscriber *subscriber);

#endif
