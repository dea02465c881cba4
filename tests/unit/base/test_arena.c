/* The arena: each block is zeroed, aligned for what has its size, and no larger than that. */
#include "tests/support/unit.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "daemon/base/arena.h"

#define CHUNK 65536 /* as in arena.c: blocks of more than a quarter of it stand alone */

struct pair {
	uint64_t number;
	char letter;
};

static bool is_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

/* Fills the block, so that one that overlaps it is not zeroed. */
static void check_block(struct arena *arena, size_t count, size_t size, size_t alignment)
{
	unsigned char *bytes = arena_alloc(arena, count, size);

	assert_int_equal((uintptr_t)bytes % alignment, 0);
	assert_true(is_zero(bytes, count * size));
	memset(bytes, 0xa5, count * size);
}

static void test_aligned(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		check_block(arena, 1 + i % 7, 1, 1);
		check_block(arena, 3, sizeof(uint16_t), alignof(uint16_t));
		check_block(arena, i % 3, sizeof(struct pair), alignof(struct pair));
		check_block(arena, 1, sizeof(max_align_t), alignof(max_align_t));
		check_block(arena, 1, 24, alignof(void *));
	}
	check_block(arena, 1, CHUNK, alignof(max_align_t));
	check_block(arena, CHUNK / 4 + 1, 1, 1);
	check_block(arena, CHUNK / 4, 1, 1);
	arena_alloc(arena, 0, 0);
	arena_free(arena);
}

/* Texts stand one behind the other. */
static void test_texts(void **state)
{
	struct arena *arena = arena_new();
	char *one = arena_copy(arena, "one and more", 3);
	char *other = arena_printf(arena, "%d", 22);

	(void)state;
	assert_string_equal(one, "one");
	assert_string_equal(other, "22");
	assert_ptr_equal(other, one + 4);
	arena_free(arena);
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_aligned),
		                            cmocka_unit_test(test_texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
