/* The corpus of DNS answers, without a fuzzer. */
#include "tests/fuzz/fuzz_dns.c" /* NOLINT(bugprone-suspicious-include) */
#include "tests/fuzz/replay.h"

static void test_corpus(void **state)
{
	(void)state;
	corpus_replay("dns");
}

/* The seeds are answers that get through: without that the corpus would show nothing. */
static void test_good(void **state)
{
	static const struct {
		const char *name;
		size_t addresses;
	} cases[] = { { "one", 1 }, { "two", 2 }, { "six", 1 }, { "many", SHUNT_ADDRESSES_MAX } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size;
		const uint8_t *bytes = corpus_read("dns", cases[i].name, &size);

		addresses_seen = 0;
		LLVMFuzzerTestOneInput(bytes, size);
		assert_int_equal(addresses_seen, cases[i].addresses);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
