/*
 * Events: every change that a person or a program may want to know of, in one schema.
 *
 * event_emit() makes an item of what happened, writes it to the log, keeps it among the last EVENT_KEPT and then calls the
 * subscribers. Only changes are events, never the text of the latest probe.
 *
 *   event          what happened; the subscribers
 *   event/item     an event with its number, its log line and its JSON
 *   event/type     the kinds of events
 *   event/fields   an event as the journal's fields
 *   event/ring     the last events
 *
 * A process has one sequence of events, as it has one log. Only the loop's thread may call.
 */
#ifndef SHUNT_EVENT_EVENT_H
#define SHUNT_EVENT_EVENT_H

#include <stdint.h>
#include <sys/queue.h>

#include "event/item.h"
#include "event/type.h"

void event_emit(const struct event_record *event);

/* How many events of that type there were since the start. */
uint64_t event_count(enum event_type type);

struct event_subscriber {
	/*
	 * Called for every event, in order. May hold the item; must not call event_emit(), and may be called in the middle of a
	 * change, so it should only take note and act later.
	 */
	void (*on_event)(void *arg, struct event_item *item);
	void *arg;
	TAILQ_ENTRY(event_subscriber) link;
};

/* The subscriber stays the caller's, in place until event_unsubscribe(). */
void event_subscribe(struct event_subscriber *subscriber);
void event_unsubscribe(struct event_subscriber *subscriber);

#endif
