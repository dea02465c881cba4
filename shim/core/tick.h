/*
 * Time: 32-bit ticks of CLOCK_MONOTONIC, 16 per second. This is precise enough for limits of
 * seconds; half of the range, within which differences are correct, is four years. 32 bits are
 * atomic on every platform.
 */
#ifndef SHUNT_SHIM_TICK_H
#define SHUNT_SHIM_TICK_H

#include <stdint.h>
#include <time.h>

#define TICKS 16u
#define TICKS_OF_MS(ms) ((ms) / 1000 * TICKS + (ms) % 1000 * TICKS / 1000)

/* By the vDSO: no system call. */
static inline uint32_t tick_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint32_t)now.tv_sec * TICKS +
	       (uint32_t)now.tv_nsec / (uint32_t)(1000000000 / TICKS);
}

/* 0 if `then` is later. */
static inline uint32_t tick_since(uint32_t then, uint32_t now)
{
	int32_t passed = (int32_t)(now - then);

	return passed > 0 ? (uint32_t)passed : 0;
}

/* For times of which 0 means "none". */
static inline uint32_t tick_nonzero(uint32_t tick)
{
	return tick ? tick : 1;
}

/* Milliseconds, for deadlines. */
static inline int64_t tick_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
