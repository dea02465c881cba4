/*
 * The probes that are due and waiting to start, and how many may start now. Pure: time is passed in
 * as an argument. Used only by the prober.
 *
 * This keeps the loop responsive: a tcp probe costs 0.02 ms, a TLS handshake 1.7 ms, most of it not
 * in the turn that starts it but when the peer has answered. Therefore the rate of handshakes and
 * programs is limited, in time windows, to what uses one core at most, and each cost has its own
 * waiting list. Among all lists the probe that arrived first starts first.
 */
#ifndef SHUNT_PROBE_QUEUE_H
#define SHUNT_PROBE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "probe/cost.h"

/* Few: what has ended comes between two turns, and its sockets are used again while in caches. */
#define QUEUE_STARTS_A_TURN 16u
#define QUEUE_EXPENSIVE_A_WINDOW 8u
#define QUEUE_WINDOW_US 10000u

/* Embedded in a probe. */
struct queue_item {
	TAILQ_ENTRY(queue_item) link;
	uint64_t number; /* order of arrival across all lists */
};

struct queue {
	TAILQ_HEAD(, queue_item) waiting[PROBE_COSTS];
	uint64_t numbers;        /* numbers assigned so far */
	uint64_t window_us;      /* start of the window for expensive starts */
	unsigned expensive_left; /* number left in that window */
	unsigned in_flight;
	unsigned in_flight_max;
	unsigned programs; /* number of programs in flight */
	unsigned programs_max;
};

/* `in_flight_max`: number of attempts at the same time; 0 is treated as 1. */
void queue_init(struct queue *queue, unsigned in_flight_max);

void queue_add(struct queue *queue, struct queue_item *item, enum probe_cost cost);
void queue_remove(struct queue *queue, struct queue_item *item, enum probe_cost cost);

/* Called at the start of a turn, before queue_next(). */
void queue_open_window(struct queue *queue, uint64_t now_us);

/*
 * Of the probes that may start now and have a number below `end`, the one that arrived first; NULL
 * if there is none. It stays in its list.
 */
struct queue_item *queue_next(const struct queue *queue, uint64_t end);

/* An attempt of that cost begins; called after queue_remove(). */
void queue_began(struct queue *queue, enum probe_cost cost);
void queue_ended(struct queue *queue, enum probe_cost cost);

/* Whether there is room for one more attempt. */
bool queue_has_room(const struct queue *queue);
bool queue_is_empty(const struct queue *queue);

/*
 * The time until the next turn, in µs. Returns false if none is needed before an attempt has ended
 * or becomes due.
 */
bool queue_turn_us(const struct queue *queue, uint64_t now_us, uint64_t *delay_us);

#endif
