/*
 * Timers for many probes, at a cost that does not depend on their number: a wheel of slots, each
 * PROBE_GRID_US wide. Pure: time is passed in as an argument; µs, CLOCK_MONOTONIC. Used only by the
 * prober, which has one event of the loop for all of them.
 *
 * An item's time is rounded up to the grid, never down. Times beyond one turn of the wheel share
 * its slots and are passed over until their turn comes.
 */
#ifndef SHUNT_PROBE_WHEEL_H
#define SHUNT_PROBE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define WHEEL_SLOTS 4096u /* a turn: 20 s */
#define WHEEL_WORDS (WHEEL_SLOTS / 64)

/* Embedded in its owner. Zeroed, it is in no wheel. */
struct wheel_item {
	LIST_ENTRY(wheel_item) link;
	uint64_t tick; /* its time in units of the grid; 0: in no wheel */
};

struct wheel {
	LIST_HEAD(wheel_slot, wheel_item) slots[WHEEL_SLOTS];
	uint64_t occupied[WHEEL_WORDS]; /* a bit for each slot that is not empty */
	uint64_t tick;                  /* everything due at or before this one has been taken */
	uint64_t count;
};

/* `now_us`: nothing is due before it. */
void wheel_init(struct wheel *wheel, uint64_t now_us);

/* Replaces the item's previous time. A time that has passed becomes the next one. */
void wheel_add(struct wheel *wheel, struct wheel_item *item, uint64_t due_us);

/* No effect if it is in no wheel. */
void wheel_remove(struct wheel *wheel, struct wheel_item *item);

/* Removes and returns an item that is due at `now_us`; NULL if there is none. */
struct wheel_item *wheel_take(struct wheel *wheel, uint64_t now_us);

/*
 * A time at or before which nothing is due, and at which something may be; false if the wheel is
 * empty. Valid until something is added that is due before it.
 */
bool wheel_next_us(const struct wheel *wheel, uint64_t *due_us);

#endif
