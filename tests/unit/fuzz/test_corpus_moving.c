/* The corpus of tables that change under their reader, without a fuzzer. */
#include "tests/fuzz/fuzz_moving.c" /* NOLINT(bugprone-suspicious-include) */
#include "tests/fuzz/replay.h"

static void test_corpus(void **state)
{
	(void)state;
	corpus_replay("moving");
}

/*
 * Words of the seeds do move while they are read, and the reader sees it: the sequence that turns odd, or the id, in the middle
 * of a copy. Without that the corpus would show nothing.
 */
static void test_moves(void **state)
{
	struct table_answer answer;
	struct input input = { .size = 0 };
	size_t size, found = 0, busy = 0;
	const uint8_t *bytes = corpus_read("moving", "two", &size);

	(void)state;
	assert_true(take_apart(bytes + sizeof(writer.moves), size - sizeof(writer.moves), &input));
	memcpy(table_memory(), input.table, input.size);
	writer_start(bytes, &input);
	for (size_t i = 0; i < 1000; i++) {
		enum table_result result = table_find(table_memory(), known[0],
		                                      (uint32_t)strlen(known[0]), true, &answer);

		found += result == TABLE_FOUND;
		busy += result != TABLE_FOUND;
	}
	writer.table = NULL;
	memset(table_memory(), 0, input.size);
	assert_in_range(found, 1, 999);
	assert_in_range(busy, 1, 999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
