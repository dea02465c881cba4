/*
 * The events that wait for their programs. Pure: no clock, no processes.
 *
 * An owner (a program of the configuration) and a record make a lane: its events come in order, and one at a time. Events without a
 * record have a lane of their own. Lanes take turns, so that a record that changes all the time holds up no other.
 *
 * notify_queue_put() for each event and owner; notify_queue_next() while more may run; then exactly one of notify_queue_done() and
 * notify_queue_back() for what that gave. An event is held once, however many owners wait for it, and the total is bounded in bytes.
 */
#ifndef SHUNT_NOTIFY_QUEUE_H
#define SHUNT_NOTIFY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "event/event.h"

struct notify_queue;
struct notify_lane;

/* One event for one owner. */
struct notify_item {
	struct event_item *event;
	void *owner;
	/* The queue's. */
	struct notify_lane *lane;
	struct notify_shared *shared;
	TAILQ_ENTRY(notify_item) link; /* while it waits */
};

/* `bytes_max`: of what waits and what was given out, texts and all. NULL: out of memory. */
struct notify_queue *notify_queue_new(size_t bytes_max);
/* With whatever is in it; nothing may be given out. NULL is taken. */
void notify_queue_free(struct notify_queue *queue);

/* False: there is no room, and nothing has changed. */
bool notify_queue_put(struct notify_queue *queue, void *owner, struct event_item *event);

/* The next one that may be told now, its lane's only one until it is done or back. NULL: none. */
struct notify_item *notify_queue_next(struct notify_queue *queue);

/* It is over; the item is gone. */
void notify_queue_done(struct notify_queue *queue, struct notify_item *item);

/* It is the next again, before all others. */
void notify_queue_back(struct notify_queue *queue, struct notify_item *item);

/* What waits for an owner: how many, and the oldest event of them, or NULL. */
size_t notify_queue_waiting(const struct notify_queue *queue, const void *owner,
                            const struct event_item **oldest);

/* What waits for an owner is forgotten. */
void notify_queue_drop(struct notify_queue *queue, const void *owner);

/* How many wait, for all owners. */
size_t notify_queue_count(const struct notify_queue *queue);
size_t notify_queue_bytes(const struct notify_queue *queue);

#endif
