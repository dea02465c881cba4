/*
 * Histograms of durations, with fixed bounds as in Prometheus. Pure.
 *
 * The bounds suit the durations measured here, from a connect within a rack to the longest timeout
 * in common use; they are the same everywhere, so that durations are comparable.
 */
#ifndef SHUNT_BASE_HISTOGRAM_H
#define SHUNT_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BOUNDS 15u

/* Ascending, in µs. */
extern const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS];

struct histogram {
	/* Number of values up to its bound and above the previous one; the last has no bound. */
	uint64_t counts[HISTOGRAM_BOUNDS + 1];
	uint64_t sum_us;
};

/* The histogram must be zeroed initially. */
void histogram_observe(struct histogram *histogram, uint64_t us);

/* Adds all values counted in `more`. */
void histogram_add(struct histogram *histogram, const struct histogram *more);

#endif
