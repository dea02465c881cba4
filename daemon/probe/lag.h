/*
 * How late our own loop was, so that a fault of ours is not taken for an endpoint's. Pure: time
 * comes in as arguments.
 *
 * A tick is due every PROBE_LAG_TICK_MS while attempts are under way; lag_tick() says that it ran.
 * lag_ms() also counts a tick that is overdue and has not run yet, since after a stop any event may
 * be the first to run. A suspension does not show on CLOCK_MONOTONIC: it is the growth of
 * `sleep_us`, CLOCK_BOOTTIME less CLOCK_MONOTONIC.
 */
#ifndef SHUNT_PROBE_LAG_H
#define SHUNT_PROBE_LAG_H

#include <stdbool.h>
#include <stdint.h>

#define PROBE_LAG_TICK_MS 25u
#define PROBE_LAG_STALLS 16u /* kept; when there are more, the two oldest are taken for one */

struct lag_now {
	uint64_t us;       /* CLOCK_MONOTONIC */
	uint64_t sleep_us; /* CLOCK_BOOTTIME less CLOCK_MONOTONIC */
};

struct lag_stall {
	uint64_t end_us;
	uint64_t late_us;
};

struct lag {
	uint64_t due_us;     /* of the next tick */
	uint64_t sleep_us;   /* as it was at the last tick */
	uint64_t resumed_us; /* the end of the last suspension; 0: none */
	uint64_t slept_us;   /* its length */
	bool running;
	/*
	 * By end, and by lateness downwards: one that ended before a longer one says nothing more.
	 */
	struct lag_stall stalls[PROBE_LAG_STALLS];
	unsigned count;
};

/* The tick is armed: due PROBE_LAG_TICK_MS from now. */
void lag_start(struct lag *lag, struct lag_now now);

/* The tick ran; the next one is due PROBE_LAG_TICK_MS from now. */
void lag_tick(struct lag *lag, struct lag_now now);

/* The tick is no longer armed. */
void lag_stop(struct lag *lag, struct lag_now now);

/* How long the tick is overdue; 0: it is not, or not armed. */
uint64_t lag_overdue_us(const struct lag *lag, struct lag_now now);

/* How late the loop was at most since `since_us`, or how long the machine slept, in ms. */
uint32_t lag_ms(const struct lag *lag, uint64_t since_us, struct lag_now now);

#endif
