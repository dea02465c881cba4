/*
 * How many connections may be reset now: `reset_rate` a second, a tenth of that at once.
 *
 * Pure; times are milliseconds of CLOCK_MONOTONIC.
 */
#ifndef SHUNT_HELPER_RESET_PACE_H
#define SHUNT_HELPER_RESET_PACE_H

#include <stdint.h>

struct pace {
	uint32_t rate;        /* a second; at least 1 */
	uint64_t thousandths; /* of a connection, that may be reset */
	uint64_t seen_ms;     /* when that was so */
};

/* The first tenth may go at once. */
void pace_init(struct pace *pace, uint32_t rate, uint64_t now_ms);

/* How many of `wanted` may be reset now; those count as reset. */
uint32_t pace_take(struct pace *pace, uint32_t wanted, uint64_t now_ms);

/* Milliseconds from the last pace_take() until it gives at least one; 0: at once. */
uint32_t pace_wait_ms(const struct pace *pace);

#endif
