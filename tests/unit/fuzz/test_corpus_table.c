/* The corpus of hostile tables, without a fuzzer. */
#include "tests/fuzz/fuzz_table.c" /* NOLINT(bugprone-suspicious-include) */
#include "tests/fuzz/replay.h"

static void test_corpus(void **state)
{
	(void)state;
	corpus_replay("table");
}

/* The seeds are tables that are read to their end: without that the corpus would show nothing. */
static void test_found(void **state)
{
	struct table_answer answer;
	size_t size;
	const uint8_t *bytes = corpus_read("table", "two", &size);

	(void)state;
	size -= sizeof(struct control);
	memcpy(table_memory(), bytes + sizeof(struct control), size);
	assert_int_equal(
	        table_find(table_memory(), known[0], (uint32_t)strlen(known[0]), true, &answer),
	        TABLE_FOUND);
	assert_int_equal(answer.count, 2);
	memset(table_memory(), 0, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
