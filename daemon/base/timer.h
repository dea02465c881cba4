/*
 * Timers of the event loop, in milliseconds, or in microseconds for measuring probes. Arming a
 * timer replaces a pending time.
 */
#ifndef SHUNT_BASE_TIMER_H
#define SHUNT_BASE_TIMER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

static inline struct timeval timer_delay_us(uint64_t us)
{
	return (struct timeval){ .tv_sec = (time_t)(us / 1000000),
		                 .tv_usec = (suseconds_t)(us % 1000000) };
}

/*
 * The time is counted from when the loop last woke up, which is close to now unless the iteration
 * is long (probe/probe.c updates the loop's clock first). Returns false if out of memory.
 */
static inline bool timer_try_us(struct event *timer, uint64_t us)
{
	const struct timeval delay = timer_delay_us(us);

	return event_add(timer, &delay) == 0;
}

static inline bool timer_try(struct event *timer, uint64_t ms)
{
	return timer_try_us(timer, ms * 1000);
}

/* For timers that the daemon depends on: lack of memory is fatal. */
static inline void timer_arm_us(struct event *timer, uint64_t us)
{
	if (!timer_try_us(timer, us))
		log_fatal("out of memory");
}

static inline void timer_arm(struct event *timer, uint64_t ms)
{
	timer_arm_us(timer, ms * 1000);
}

#endif
