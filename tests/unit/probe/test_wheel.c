/* Timers of many probes: in order of time, never early, across turns of the wheel. */
#include "tests/support/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/probe/schedule.h"
#include "daemon/probe/wheel.h"

#define START UINT64_C(5000000000)
#define TURN ((uint64_t)WHEEL_SLOTS * PROBE_GRID_US)
#define ITEMS 2000

static struct wheel wheel;
static struct wheel_item items[ITEMS];

static int setup(void **state)
{
	(void)state;
	memset(items, 0, sizeof(items));
	wheel_init(&wheel, START);
	return 0;
}

static void next_is(uint64_t wanted)
{
	uint64_t due = 0;

	assert_true(wheel_next_us(&wheel, &due));
	assert_int_equal(due, wanted);
}

static void empty(void **state)
{
	uint64_t due;

	(void)state;
	assert_false(wheel_next_us(&wheel, &due));
	assert_null(wheel_take(&wheel, START + 10 * TURN));
	wheel_remove(&wheel, &items[0]);
	assert_int_equal(wheel.count, 0);
}

/* Rounded up to the grid: a deadline is never early. */
static void never_early(void **state)
{
	(void)state;
	wheel_add(&wheel, &items[0], START + 1);
	next_is(START + PROBE_GRID_US);
	assert_null(wheel_take(&wheel, START + PROBE_GRID_US - 1));
	assert_ptr_equal(wheel_take(&wheel, START + PROBE_GRID_US), &items[0]);
	assert_null(wheel_take(&wheel, START + PROBE_GRID_US));
	wheel_add(&wheel, &items[0], START + 3 * PROBE_GRID_US);
	next_is(START + 3 * PROBE_GRID_US);
}

/* What has passed comes with the next step of the grid, and is not lost. */
static void passed(void **state)
{
	(void)state;
	assert_null(wheel_take(&wheel, START + TURN));
	wheel_add(&wheel, &items[0], START);
	wheel_add(&wheel, &items[1], 0);
	assert_null(wheel_take(&wheel, START + TURN));
	assert_non_null(wheel_take(&wheel, START + TURN + PROBE_GRID_US));
	assert_non_null(wheel_take(&wheel, START + TURN + PROBE_GRID_US));
	assert_int_equal(wheel.count, 0);
}

/* An item has one time: the last one. */
static void replaced(void **state)
{
	(void)state;
	wheel_add(&wheel, &items[0], START + PROBE_GRID_US);
	wheel_add(&wheel, &items[0], START + 2 * TURN);
	assert_int_equal(wheel.count, 1);
	assert_null(wheel_take(&wheel, START + TURN));
	assert_null(wheel_take(&wheel, START + 2 * TURN - 1));
	assert_ptr_equal(wheel_take(&wheel, START + 2 * TURN), &items[0]);
}

/* Times beyond a turn share a slot with nearer ones, and are passed over. */
static void turns(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		wheel_add(&wheel, &items[i], START + PROBE_GRID_US + i * TURN);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t now = START + PROBE_GRID_US + i * TURN;

		assert_null(wheel_take(&wheel, now - 1));
		assert_ptr_equal(wheel_take(&wheel, now), &items[i]);
		assert_null(wheel_take(&wheel, now));
	}
}

/* A loop that was stopped for several turns gets everything. */
static void after_a_stop(void **state)
{
	struct wheel_item *item;
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		wheel_add(&wheel, &items[i], START + (i * 37 % 100) * PROBE_GRID_US + 3 * TURN / 2);
	wheel_remove(&wheel, &items[50]);
	while ((item = wheel_take(&wheel, START + 20 * TURN))) {
		assert_ptr_not_equal(item, &items[50]);
		assert_true(item->tick == 0);
		count++;
	}
	assert_int_equal(count, 99);
}

static uint64_t random_below(unsigned *seed, uint64_t bound)
{
	return ((uint64_t)rand_r(seed) << 20 ^ (uint64_t)rand_r(seed)) % bound;
}

/* Against a list that is searched through: each item at the first look at or after its time. */
static void against_a_list(void **state)
{
	static uint64_t due[ITEMS]; /* 0: none */
	uint64_t now = START;
	unsigned seed = 7;

	(void)state;
	memset(due, 0, sizeof(due));
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (unsigned)random_below(&seed, ITEMS);
		struct wheel_item *item;
		uint64_t next;

		due[i] = now + 1 + random_below(&seed, 3 * TURN);
		wheel_add(&wheel, &items[i], due[i]);
		if (step % 3 == 0) {
			i = (unsigned)random_below(&seed, ITEMS);
			wheel_remove(&wheel, &items[i]);
			due[i] = 0;
		}
		now += random_below(&seed, 4 * PROBE_GRID_US);
		if (wheel_next_us(&wheel, &next) && next <= now)
			assert_true(next > START);
		while ((item = wheel_take(&wheel, now))) {
			i = (unsigned)(item - items);
			assert_true(due[i] && due[i] <= now);
			assert_true(now - due[i] < 6 * PROBE_GRID_US);
			due[i] = 0;
		}
		if (step % 500 == 0)
			for (i = 0; i < ITEMS; i++)
				assert_true(!due[i] || due[i] + PROBE_GRID_US > now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty, setup),
		cmocka_unit_test_setup(never_early, setup),
		cmocka_unit_test_setup(passed, setup),
		cmocka_unit_test_setup(replaced, setup),
		cmocka_unit_test_setup(turns, setup),
		cmocka_unit_test_setup(after_a_stop, setup),
		cmocka_unit_test_setup(against_a_list, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
