/*
 * Events pending for notify programs. Pure: no clock, no processes.
 *
 * Each pair of owner (a configured program) and record has a lane, whose events are delivered in
 * order, one at a time. Events without a record have a lane of their own. Lanes take turns, so a
 * record that changes constantly does not delay others.
 *
 * Usage: notify_queue_put() for each event and owner; notify_queue_next() while more programs may
 * run; then exactly one of notify_queue_done() and notify_queue_back() for each item returned. An
 * event is stored once, however many owners wait for it. The total size is limited.
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
	/* Private to the queue. */
	struct notify_lane *lane;
	struct notify_shared *shared;
	TAILQ_ENTRY(notify_item) link; /* while it is pending */
};

/*
 * `bytes_max`: the limit for all items, pending or in progress, including their texts. Returns NULL
 * if out of memory.
 */
struct notify_queue *notify_queue_new(size_t bytes_max);
/* Frees pending items too. No item may be in progress. NULL is allowed. */
void notify_queue_free(struct notify_queue *queue);

/* Returns false, and changes nothing, if the queue is full or memory has run out. */
bool notify_queue_put(struct notify_queue *queue, void *owner, struct event_item *event);

/*
 * The next item to deliver, or NULL. Its lane returns no other until notify_queue_done() or
 * notify_queue_back().
 */
struct notify_item *notify_queue_next(struct notify_queue *queue);

/* The item was delivered or given up; frees it. */
void notify_queue_done(struct notify_queue *queue, struct notify_item *item);

/* Puts the item back: notify_queue_next() returns it first. */
void notify_queue_back(struct notify_queue *queue, struct notify_item *item);

/* The number of items pending for an owner. `*oldest`: the oldest event among them, or NULL. */
size_t notify_queue_waiting(const struct notify_queue *queue, const void *owner,
                            const struct event_item **oldest);

/* Discards everything pending for an owner. */
void notify_queue_drop(struct notify_queue *queue, const void *owner);

/* The number of items pending for all owners. */
size_t notify_queue_count(const struct notify_queue *queue);
size_t notify_queue_bytes(const struct notify_queue *queue);

#endif
