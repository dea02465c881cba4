/* shim/lookup/lookup.c: which names are passed on at a glance. */
#include "shim/lookup/lookup.h"
#include "tests/support/unit.h"

static const char *const numbers[] = {
	"",    "0", "127.0.0.1", "192.0.2.10", "127.1.", "::",
	"::1", ":", "::ffff:1",  "10.0.0.0/8", "1.2.3",  "4294967295"
};

/* Also what only lookup_name() finds to be an address, and what may stand in a table. */
static const char *const others[] = {
	"a",           "1a",      "1.2.3.4.example", "3com.example", "-",  "_",
	"2001:db8::1", "fe80::1", "1.2.3.4-a",       "127.0.0.x",    "1 ", "192.0.2.10\n"
};

static void test_is_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!lookup_is_number(numbers[i]))
			fail_msg("%s is taken for a name", numbers[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (lookup_is_number(others[i]))
			fail_msg("%s is taken for a number", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_is_number) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
