/*
 * The probes that are due and wait for their start, and how many may start now. Pure: time comes in
 * as an argument. The prober is its only user.
 *
 * The loop stays responsive: a connect costs us 0.06 ms; a TLS handshake 1.7 ms, most of it not in
 * the turn that starts it, but when the peer has answered. So handshakes and programs are held to a
 * rate that takes a whole core at most, by windows of time, and each cost waits in a list of its
 * own. Over all lists the one that came first starts first.
 */
#ifndef SHUNT_PROBE_QUEUE_H
#define SHUNT_PROBE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "probe/cost.h"

struct probe;

#define QUEUE_STARTS_A_TURN 64u
#define QUEUE_EXPENSIVE_A_WINDOW 8u
#define QUEUE_WINDOW_US 10000u

/* Part of a probe. */
struct queue_item {
	TAILQ_ENTRY(queue_item) link;
	struct probe *probe;
	uint64_t number; /* in the order of arrival over all lists */
};

struct queue {
	TAILQ_HEAD(, queue_item) waiting[PROBE_COSTS];
	uint64_t numbers;        /* given so far */
	uint64_t window_us;      /* the start of the window for expensive starts */
	unsigned expensive_left; /* in that window */
	unsigned in_flight;
	unsigned in_flight_max;
	unsigned programs; /* of those in flight */
	unsigned programs_max;
};

/* `in_flight_max`: attempts at one time; 0 is taken as 1. */
void queue_init(struct queue *queue, unsigned in_flight_max);

void queue_add(struct queue *queue, struct queue_item *item, enum probe_cost cost);
void queue_remove(struct queue *queue, struct queue_item *item, enum probe_cost cost);

/* Called at the start of a turn, before queue_next(). */
void queue_open_window(struct queue *queue, uint64_t now_us);

/*
 * Of those that may start now and have a number below `end` the one that came first; NULL: none. It
 * stays in its list.
 */
struct queue_item *queue_next(const struct queue *queue, uint64_t end);

/* An attempt of that cost begins; after queue_remove(). */
void queue_began(struct queue *queue, enum probe_cost cost);
void queue_ended(struct queue *queue, enum probe_cost cost);

/* Is there room for one more attempt? */
bool queue_has_room(const struct queue *queue);
bool queue_is_empty(const struct queue *queue);

/*
 * When the next turn is to be, in µs from now. False: only once an attempt has ended, or one is
 * due.
 */
bool queue_turn_us(const struct queue *queue, uint64_t now_us, uint64_t *delay_us);

#endif
