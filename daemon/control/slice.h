/*
 * The time that responses may take in one iteration of the loop. A reader that is not served within
 * it waits for the next iteration, after the probes that have become due: readers, however many or
 * slow, must not delay a probe.
 */
#ifndef SHUNT_CONTROL_SLICE_H
#define SHUNT_CONTROL_SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* For all readers together. */
#define SLICE_US 2000u
/* Root and the daemon's own uid may continue until then: other users must not starve them. */
#define SLICE_TRUSTED_US 4000u

struct slice {
	uint64_t end_us;
};

static inline void slice_begin(struct slice *slice, uint64_t us)
{
	slice->end_us = clock_us() + us;
}

static inline bool slice_is_over(const struct slice *slice)
{
	return clock_us() >= slice->end_us;
}

#endif
