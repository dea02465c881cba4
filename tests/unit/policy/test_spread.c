/* Points of hosts in a span of time: always the same, within it, and spread over all of it. */
#include "policy/spread.h"

#include <stdio.h>

#include "tests/support/unit.h"

#define HOSTS 10000u
#define SPAN_MS 60000u
#define SLOTS 60u

static void test_same(void **state)
{
	(void)state;
	assert_int_equal(spread_point_ms("db-7", "www.example.com", SPAN_MS),
	                 spread_point_ms("DB-7", "WWW.example.com", SPAN_MS));
	assert_int_not_equal(spread_hash("db-7", "www"), spread_hash("db-8", "www"));
	assert_int_not_equal(spread_hash("db-7", "www"), spread_hash("db-7", "api"));
	assert_int_not_equal(spread_hash("db-7w", "ww"), spread_hash("db-7", "www"));
}

static void test_bounds(void **state)
{
	(void)state;
	assert_int_equal(spread_point_ms("a", "b", 0), 0);
	assert_int_equal(spread_point_ms("a", "b", 1), 0);
}

/* In each second of a minute there are so many of 10,000 hosts as a minute's 60th part is, give or take a half. */
static void test_even(void **state)
{
	unsigned slots[SLOTS] = { 0 };
	char name[16];

	(void)state;
	for (unsigned i = 0; i < HOSTS; i++) {
		uint32_t point;

		snprintf(name, sizeof(name), "host-%u", i);
		point = spread_point_ms(name, "www.example.com", SPAN_MS);
		assert_true(point < SPAN_MS);
		slots[point / (SPAN_MS / SLOTS)]++;
	}
	for (unsigned i = 0; i < SLOTS; i++) {
		assert_true(slots[i] > HOSTS / SLOTS / 2);
		assert_true(slots[i] < HOSTS / SLOTS * 3 / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
