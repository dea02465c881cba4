/*
 * How often something took how long: counts by fixed bounds, as Prometheus has them. Pure.
 *
 * The bounds suit what we measure, from a connect within a rack to the longest timeout that people set; they are the same
 * everywhere, so that durations compare.
 */
#ifndef SHUNT_BASE_HISTOGRAM_H
#define SHUNT_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BOUNDS 15u

/* Upwards, in µs. */
extern const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS];

struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS +
	                1]; /* each up to its bound and above the one before; the last has none */
	uint64_t sum_us;
};

/* Begins as zeros. */
void histogram_observe(struct histogram *histogram, uint64_t us);

/* As if what `more` has were observed too. */
void histogram_add(struct histogram *histogram, const struct histogram *more);

#endif
