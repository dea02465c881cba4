/* "Did you mean": what counts as near to what was written. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/near.h"
#include "tests/support/unit.h"

static void the_nearest_word_is_near(void **state)
{
	static const char *const words[] = { "run", "status", "resolve", "help" };
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{ "statsu", "status" }, { "stat", "status" },
		{ "rnu", "run" },       { "resolv", "resolve" },
		{ "hepl", "help" },     { "force", NULL },
		{ "xyzzy", NULL },      { "sesolvent", "resolve" },
		{ "Status", "status" }, { "r-e-s-o-l-v-e-and-thirty-characters-more", NULL }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *nearest =
		        near_find(cases[i].word, words, sizeof(words) / sizeof(words[0]));

		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_word_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
