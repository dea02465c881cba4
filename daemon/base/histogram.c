#include "base/histogram.h"

const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS] = { 500,     1000,     2500,    5000,
	                                                 10000,   25000,    50000,   100000,
	                                                 250000,  500000,   1000000, 2500000,
	                                                 5000000, 10000000, 30000000 };

void histogram_observe(struct histogram *histogram, uint64_t us)
{
	unsigned i = 0;

	while (i < HISTOGRAM_BOUNDS && us > histogram_bounds_us[i])
		i++;
	histogram->counts[i]++;
	histogram->sum_us += us;
}

void histogram_add(struct histogram *histogram, const struct histogram *more)
{
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		histogram->counts[i] += more->counts[i];
	histogram->sum_us += more->sum_us;
}
