/*
 * Counts the results of all attempts since the start, and the lateness of the loop: the metrics of
 * a prober. Pure counting.
 */
#ifndef SHUNT_PROBE_TALLY_H
#define SHUNT_PROBE_TALLY_H

#include <stdint.h>

#include "base/histogram.h"
#include "config/config.h"
#include "probe/why.h"

struct probe_tally {
	uint64_t ended[CHECK_TYPES][WHYS];
	struct histogram took[CHECK_TYPES]; /* attempts that had a verdict */
	struct histogram late;              /* for each tick of the loop's lag (probe/lag.h) */
};

/* An attempt of that type has ended. */
void tally_ended(struct probe_tally *tally, enum check_type type, enum probe_why why,
                 uint64_t elapsed_us);

#endif
