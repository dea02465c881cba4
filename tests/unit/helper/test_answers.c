/* A complete set of answers takes the place of the one in force, in a kernel's map of its real size. */
#include "door/answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "door/kernel.h"
#include "tests/support/unit.h"

/* --- the kernel's map ------------------------------------------------------------------------- */

/* By the number that place_of() made a place of; an answer is a place, too. */
struct kernel {
	bool has[4 * SHUNT_DOOR_ENTRIES_MAX];
	struct shunt_door_place to[4 * SHUNT_DOOR_ENTRIES_MAX];
	size_t count;
};

static struct shunt_door_place place_of(uint32_t number)
{
	struct shunt_door_place place = { .port = 1 };

	memcpy(place.address, &number, sizeof(number));
	return place;
}

static uint32_t number_of(const struct shunt_door_place *place)
{
	uint32_t number;

	memcpy(&number, place->address, sizeof(number));
	return number;
}

bool kernel_put(struct kernel *kernel, const struct shunt_door_place *from,
                const struct shunt_door_place *to)
{
	const uint32_t number = number_of(from);

	if (!kernel->has[number] && kernel->count == SHUNT_DOOR_MAP_MAX) {
		errno = E2BIG;
		return false;
	}
	kernel->count += !kernel->has[number];
	kernel->has[number] = true;
	kernel->to[number] = *to;
	return true;
}

bool kernel_drop(struct kernel *kernel, const struct shunt_door_place *from)
{
	const uint32_t number = number_of(from);

	kernel->count -= kernel->has[number];
	kernel->has[number] = false;
	return true;
}

void kernel_sweep(struct kernel *kernel,
                  bool (*keep)(const void *arg, const struct shunt_door_place *from),
                  const void *arg)
{
	for (uint32_t number = 0; number < 4 * SHUNT_DOOR_ENTRIES_MAX; number++) {
		const struct shunt_door_place place = place_of(number);

		if (kernel->has[number] && !keep(arg, &place))
			kernel_drop(kernel, &place);
	}
}

/* --- sets ------------------------------------------------------------------------------------- */

static bool take(struct answers *answers, struct kernel *kernel, uint32_t from, uint32_t to)
{
	const struct shunt_door_change change = { place_of(from), place_of(to) };

	return answers_take(answers, kernel, &change);
}

static void replace(struct answers *answers, struct kernel *kernel, uint32_t first, uint32_t count)
{
	assert_true(answers_begin(answers));
	for (uint32_t i = 0; i < count; i++)
		assert_true(take(answers, kernel, first + i, first + i + 1));
	assert_true(answers_commit(answers, kernel));
	assert_int_equal(kernel->count, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_true(kernel->has[first + i]);
		assert_int_equal(number_of(&kernel->to[first + i]), first + i + 1);
	}
}

/* As large as it may be, and all of it another one. */
static void a_set_replaces_another(void **state)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	struct answers answers = { NULL, 0 };

	(void)state;
	assert_non_null(kernel);
	replace(&answers, kernel, 0, SHUNT_DOOR_ENTRIES_MAX);
	replace(&answers, kernel, SHUNT_DOOR_ENTRIES_MAX, SHUNT_DOOR_ENTRIES_MAX);
	replace(&answers, kernel, SHUNT_DOOR_ENTRIES_MAX - 5, 10);
	replace(&answers, kernel, 7, 0);
	free(kernel);
}

/* Nothing of a set is in force before its end, and nothing at all if it is dropped. */
static void a_set_waits(void **state)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	struct answers answers = { NULL, 0 };

	(void)state;
	assert_non_null(kernel);
	assert_true(take(&answers, kernel, 1, 2) && kernel->has[1]);
	assert_true(answers_begin(&answers));
	assert_true(take(&answers, kernel, 3, 4));
	assert_true(kernel->has[1] && !kernel->has[3]);
	answers_drop(&answers);
	assert_true(answers_commit(&answers, kernel));
	assert_true(kernel->has[1] && !kernel->has[3]);
	assert_true(take(&answers, kernel, 1, 1));
	assert_int_equal(kernel->count, 0);
	free(kernel);
}

static void a_set_has_a_bound(void **state)
{
	struct answers answers = { NULL, 0 };

	(void)state;
	assert_true(answers_begin(&answers));
	for (uint32_t i = 0; i < SHUNT_DOOR_ENTRIES_MAX; i++)
		assert_true(take(&answers, NULL, i, i + 1));
	assert_false(take(&answers, NULL, SHUNT_DOOR_ENTRIES_MAX, 0));
	assert_int_equal(errno, E2BIG);
	answers_drop(&answers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_replaces_another),
		cmocka_unit_test(a_set_waits),
		cmocka_unit_test(a_set_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
