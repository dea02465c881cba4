/*
 * Measures how late the event loop is, so that a fault of this host is not taken for an endpoint's.
 * Pure: time is passed in as arguments.
 *
 * A tick is due every PROBE_LAG_TICK_MS while attempts are under way; lag_tick() reports that it
 * ran. lag_ms() also counts a tick that is overdue and has not run yet, since after a stop any
 * event may be the first to run. A suspension is not visible in CLOCK_MONOTONIC: it is detected by
 * an increase of `sleep_us`, CLOCK_BOOTTIME less CLOCK_MONOTONIC.
 */
#ifndef SHUNT_PROBE_LAG_H
#define SHUNT_PROBE_LAG_H

#include <stdbool.h>
#include <stdint.h>

#define PROBE_LAG_TICK_MS 25u
#define PROBE_LAG_STALLS 16u /* number kept; if there are more, the two oldest are merged */

struct lag_now {
	uint64_t us;       /* CLOCK_MONOTONIC */
	uint64_t sleep_us; /* CLOCK_BOOTTIME less CLOCK_MONOTONIC */
};

struct lag_stall {
	uint64_t end_us;
	uint64_t late_us;
};

struct lag {
	uint64_t due_us;     /* time of the next tick */
	uint64_t sleep_us;   /* its value at the last tick */
	uint64_t resumed_us; /* end of the last suspension; 0 if there was none */
	uint64_t slept_us;   /* its length */
	bool running;
	/*
	 * Sorted by end, and by decreasing lateness: a stall that ended before a longer one is
	 * redundant.
	 */
	struct lag_stall stalls[PROBE_LAG_STALLS];
	unsigned count;
};

/* The tick was armed: it is due PROBE_LAG_TICK_MS from now. */
void lag_start(struct lag *lag, struct lag_now now);

/* The tick ran; the next one is due PROBE_LAG_TICK_MS from now. */
void lag_tick(struct lag *lag, struct lag_now now);

/* The tick is no longer armed. */
void lag_stop(struct lag *lag, struct lag_now now);

/* How long the tick is overdue; 0 if it is not, or is not armed. */
uint64_t lag_overdue_us(const struct lag *lag, struct lag_now now);

/* The maximum lateness of the loop since `since_us`, or the time that the machine slept, in ms. */
uint32_t lag_ms(const struct lag *lag, uint64_t since_us, struct lag_now now);

#endif
