/* Which waiting probe may start, and when the next turn is. */
#include "tests/support/unit.h"

#include <stdbool.h>

#include "daemon/probe/queue.h"

#define ITEMS 64

static struct queue queue;
static struct queue_item items[ITEMS];

static void add(unsigned first, unsigned count, enum probe_cost cost)
{
	for (unsigned i = first; i < first + count; i++)
		queue_add(&queue, &items[i], cost);
}

static bool start(unsigned number, enum probe_cost cost)
{
	if (!queue_has_room(&queue) || queue_next(&queue, UINT64_MAX) != &items[number])
		return false;
	queue_remove(&queue, &items[number], cost);
	queue_began(&queue, cost);
	return true;
}

/* The one that came first starts first, whatever it costs; those of this turn's end wait for the next. */
static void order(void **state)
{
	(void)state;
	queue_init(&queue, 100);
	queue_open_window(&queue, 1000000);
	assert_true(queue_is_empty(&queue));
	assert_null(queue_next(&queue, UINT64_MAX));
	add(0, 1, PROBE_PROGRAM);
	add(1, 1, PROBE_CHEAP);
	add(2, 1, PROBE_HANDSHAKE);
	add(3, 1, PROBE_CHEAP);
	assert_null(queue_next(&queue, 0));
	assert_ptr_equal(queue_next(&queue, 1), &items[0]);
	assert_true(start(0, PROBE_PROGRAM));
	assert_null(queue_next(&queue, 1));
	assert_true(start(1, PROBE_CHEAP));
	assert_true(start(2, PROBE_HANDSHAKE));
	assert_false(queue_is_empty(&queue));
	assert_true(start(3, PROBE_CHEAP));
	assert_true(queue_is_empty(&queue));
	assert_int_equal(queue.in_flight, 4);
}

/* Expensive ones wait for the next window, and cheap ones pass them. */
static void windows(void **state)
{
	const unsigned last = QUEUE_EXPENSIVE_A_WINDOW;
	uint64_t now_us = 1000000, delay_us;

	(void)state;
	queue_init(&queue, 100);
	queue_open_window(&queue, now_us);
	add(0, last + 1, PROBE_HANDSHAKE);
	for (unsigned i = 0; i < last; i++)
		assert_true(start(i, PROBE_HANDSHAKE));
	assert_null(queue_next(&queue, UINT64_MAX));
	assert_true(queue_turn_us(&queue, now_us + 1, &delay_us));
	assert_int_equal(delay_us, QUEUE_WINDOW_US - 1);
	add(last + 1, 1, PROBE_CHEAP);
	assert_true(queue_turn_us(&queue, now_us + 1, &delay_us));
	assert_int_equal(delay_us, 0);
	assert_true(start(last + 1, PROBE_CHEAP));
	queue_open_window(&queue, now_us + QUEUE_WINDOW_US - 1);
	assert_null(queue_next(&queue, UINT64_MAX));
	queue_open_window(&queue, now_us + QUEUE_WINDOW_US);
	assert_true(start(last, PROBE_HANDSHAKE));
	assert_false(queue_turn_us(&queue, now_us + QUEUE_WINDOW_US, &delay_us));
}

/* Programs: half of all attempts, and PROBE_PROGRAMS_MAX at most; the end of one makes room. */
static void programs(void **state)
{
	uint64_t delay_us;

	(void)state;
	queue_init(&queue, 5);
	queue_open_window(&queue, 1000000);
	add(0, 4, PROBE_PROGRAM);
	for (unsigned i = 0; i < 3; i++)
		assert_true(start(i, PROBE_PROGRAM));
	assert_null(queue_next(&queue, UINT64_MAX));
	assert_true(queue_has_room(&queue));
	assert_false(queue_turn_us(&queue, 1000000, &delay_us));
	queue_ended(&queue, PROBE_PROGRAM);
	assert_true(start(3, PROBE_PROGRAM));
	queue_init(&queue, 10000);
	assert_int_equal(queue.programs_max, PROBE_PROGRAMS_MAX);
	queue_init(&queue, 0);
	assert_int_equal(queue.in_flight_max, 1);
}

static void room(void **state)
{
	uint64_t delay_us;

	(void)state;
	queue_init(&queue, 2);
	queue_open_window(&queue, 1000000);
	add(0, 3, PROBE_CHEAP);
	assert_true(start(0, PROBE_CHEAP));
	assert_true(start(1, PROBE_CHEAP));
	assert_false(queue_has_room(&queue));
	assert_false(queue_turn_us(&queue, 1000000, &delay_us));
	queue_ended(&queue, PROBE_CHEAP);
	assert_true(queue_turn_us(&queue, 1000000, &delay_us));
	assert_true(start(2, PROBE_CHEAP));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(windows),
		cmocka_unit_test(programs),
		cmocka_unit_test(room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
