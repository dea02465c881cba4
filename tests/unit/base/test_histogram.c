/* Histograms: a bound belongs to its own bucket, what is above all to the last, and nothing is lost. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/histogram.h"
#include "tests/support/unit.h"

static void bounds_rise(void **state)
{
	(void)state;
	for (unsigned i = 1; i < HISTOGRAM_BOUNDS; i++)
		assert_true(histogram_bounds_us[i] > histogram_bounds_us[i - 1]);
}

static const struct {
	uint64_t us;
	unsigned bucket;
} cases[] = {
	{ 0, 0 },
	{ 1, 0 },
	{ 500, 0 },
	{ 501, 1 },
	{ 1000, 1 },
	{ 1001, 2 },
	{ 250000, 8 },
	{ 30000000, HISTOGRAM_BOUNDS - 1 },
	{ 30000001, HISTOGRAM_BOUNDS },
	{ UINT32_MAX, HISTOGRAM_BOUNDS },
};

static void buckets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct histogram histogram = { 0 };

		histogram_observe(&histogram, cases[i].us);
		for (unsigned k = 0; k <= HISTOGRAM_BOUNDS; k++)
			assert_int_equal(histogram.counts[k], k == cases[i].bucket);
		assert_int_equal(histogram.sum_us, cases[i].us);
	}
}

static void adds_up(void **state)
{
	struct histogram histogram = { 0 }, more = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		histogram_observe(&histogram, 2000);
	histogram_observe(&histogram, 700);
	assert_int_equal(histogram.counts[1], 1);
	assert_int_equal(histogram.counts[2], 3);
	assert_int_equal(histogram.sum_us, 6700);
	more.counts[2] = 5;
	more.counts[HISTOGRAM_BOUNDS] = 1;
	more.sum_us = 300;
	histogram_add(&histogram, &more);
	assert_int_equal(histogram.counts[1], 1);
	assert_int_equal(histogram.counts[2], 8);
	assert_int_equal(histogram.counts[HISTOGRAM_BOUNDS], 1);
	assert_int_equal(histogram.sum_us, 7000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_rise),
		cmocka_unit_test(buckets),
		cmocka_unit_test(adds_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
