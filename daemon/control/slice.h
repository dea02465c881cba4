/*
 * The time that answers may take in one turn of the loop. A reader that is not served when it is over waits for the next turn, after
 * the probes that were due meanwhile: many readers, and slow ones, must not delay a probe.
 */
#ifndef SHUNT_CONTROL_SLICE_H
#define SHUNT_CONTROL_SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define SLICE_US 2000u /* for all readers together */
#define SLICE_TRUSTED_US                                                                           \
	4000u /* root and our own uid go on until then: strangers must not keep them from a status */

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
