/* The loop's timers, in milliseconds. */
#ifndef SHUNT_BASE_TIMER_H
#define SHUNT_BASE_TIMER_H

#include <event2/event.h>
#include <stdint.h>

#include "base/log.h"

/* From the loop's last waking, which is now unless the turn is long (probe.c counts from the clock). Replaces a time that is pending. */
static inline void timer_arm(struct event *timer, uint64_t ms)
{
	const struct timeval delay = { .tv_sec = (time_t)(ms / 1000),
		                       .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	if (event_add(timer, &delay) < 0)
		fatal("out of memory");
}

#endif
