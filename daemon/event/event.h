/*
 * Events: every change that a person or a program may want to know about, in one schema.
 *
 * event_emit() creates an item, writes it to the log, adds it to the last EVENT_KEPT events and
 * then calls the subscribers. Only changes are events, never the text of the latest probe.
 *
 *   event          what happened; the subscribers
 *   event/item     an event with its number, its log line and its JSON
 *   event/type     the kinds of events
 *   event/fields   an event as the journal's fields
 *   event/ring     the last events
 *
 * A process has one sequence of events, as it has one log. May be called from the loop's thread
 * only.
 */
#ifndef SHUNT_EVENT_EVENT_H
#define SHUNT_EVENT_EVENT_H

#include <stdint.h>
#include <sys/queue.h>

#include "event/item.h"
#include "event/type.h"

void event_emit(const struct event_record *event);

/* The number of events of that type since the start. */
uint64_t event_count(enum event_type type);

struct event_subscriber {
	/*
	 * Called for every event, in order; must not call event_emit(). May keep the item with
	 * event_hold(). The call may come in the middle of a change, so the subscriber should only
	 * record the event and act later.
	 */
	void (*on_event)(void *arg, struct event_item *item);
	void *arg;
	TAILQ_ENTRY(event_subscriber) link;
};

/* The caller owns the subscriber, which must not move until event_unsubscribe(). */
void event_subscribe(struct event_subscriber *subscriber);
void event_unsubscribe(struct event_subscriber *subscriber);

#endif
