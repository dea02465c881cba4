/* The corpus of answers of sock_diag(7), without a fuzzer. */
#include "tests/fuzz/fuzz_diag.c" /* NOLINT(bugprone-suspicious-include) */
#include "tests/fuzz/replay.h"

static void test_corpus(void **state)
{
	(void)state;
	corpus_replay("diag");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
