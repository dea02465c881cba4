/* The corpus of packets between shuntd and shunt-door, without a fuzzer. */
#include "tests/fuzz/fuzz_door.c" /* NOLINT(bugprone-suspicious-include) */
#include "tests/fuzz/replay.h"

static void test_corpus(void **state)
{
	(void)state;
	corpus_replay("door");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
