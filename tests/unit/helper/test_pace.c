/* So many a second, a tenth of it at once, whatever the clock and the caller do. */
#include "reset/pace.h"

#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Calls as often as it is told to until `ms` have passed; returns how many it was given. */
static uint32_t run(struct pace *pace, uint64_t *now_ms, uint64_t ms)
{
	const uint64_t end = *now_ms + ms;
	uint32_t sum = 0;

	for (;;) {
		uint32_t wait;

		sum += pace_take(pace, UINT32_MAX, *now_ms);
		wait = pace_wait_ms(pace);
		assert_true(wait > 0);
		if (*now_ms + wait > end)
			break;
		*now_ms += wait;
	}
	*now_ms = end;
	return sum;
}

static void rate_holds(void **state)
{
	static const uint32_t rates[] = { 1, 7, 10, 50, 1000, 100000 };

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		const uint32_t rate = rates[i], tenth = rate / 10 ? rate / 10 : 1;
		uint64_t now = 5000;
		struct pace pace;

		pace_init(&pace, rate, now);
		assert_in_range(run(&pace, &now, 10000), 10 * rate - tenth, 10 * rate + tenth);
	}
}

static void nothing_piles_up(void **state)
{
	struct pace pace;

	(void)state;
	pace_init(&pace, 100, 0);
	assert_int_equal(pace_take(&pace, 3, 0), 3);
	assert_int_equal(pace_take(&pace, 100, 0), 7);
	assert_int_equal(pace_take(&pace, 100, 0), 0);
	assert_int_equal(pace_wait_ms(&pace), 10);
	assert_int_equal(pace_take(&pace, 100, UINT64_MAX / 2), 10);
	assert_int_equal(pace_take(&pace, 100, 5), 0);
	assert_int_equal(pace_take(&pace, 0, 15), 0);
	assert_int_equal(pace_wait_ms(&pace), 0);
	assert_int_equal(pace_take(&pace, 100, 15), 1);
}

static void no_rate_is_one(void **state)
{
	struct pace pace;

	(void)state;
	pace_init(&pace, 0, 0);
	assert_int_equal(pace_take(&pace, 9, 0), 1);
	assert_int_equal(pace_wait_ms(&pace), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_holds),
		cmocka_unit_test(nothing_piles_up),
		cmocka_unit_test(no_rate_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
