/* What an answer says, and a certificate's end: headers, codings of a body, how a transfer ended, and when an end is an event. Tables of cases. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include "daemon/probe/kind/header.h"
#include "daemon/roster/target_event.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void test_header(void **state)
{
	static const struct {
		const char *expected, *line;
		bool matches;
	} cases[] = {
		{ "X-Role", "X-Role: primary\r\n", true },
		{ "x-role", "X-Role: primary\r\n", true },
		{ "X-Role", "X-Role:\r\n", true },
		{ "X-Role:", "X-Role: primary\r\n", true },
		{ "X-Role: primary", "x-rolE:primary\r\n", true },
		{ "X-Role:primary", "X-Role:   primary, at last\n", true },
		{ "X-Role: imar", "X-Role: primary\r\n", true },
		{ "X-Role: Primary", "X-Role: primary\r\n", false },
		{ "X-Role: primary", "X-Role: secondary\r\n", false },
		{ "X-Role: primary", "X-Other: primary\r\n", false },
		{ "X-Role: primary", "X-Role\r\n", false },
		{ "X-Role", "X-Role", false },
		{ "X-Role", "X-Rol", false },
		{ "X-Role", "X-Roles: x\r\n", false },
		{ "X-Role", "Not-X-Role: x\r\n", false },
		{ "A: a:b", "A: a:b\r\n", true },
		{ "A: Role", "Role: A\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		        header_matches(cases[i].expected, cases[i].line, strlen(cases[i].line)),
		        cases[i].matches);
	/* The line ends with its size, whatever stands behind it. */
	assert_false(header_matches("A: b", "A: b", 3));
}

static void test_certificate_is_due(void **state)
{
	static const struct {
		time_t expires, warned, now;
		uint32_t warning_ms;
		bool is_due;
	} cases[] = {
		{ 2000, 0, 1000, 1000000, true },     /* just within the time */
		{ 2001, 0, 1000, 1000000, false },    /* just outside */
		{ 2000, 2000, 1500, 1000000, false }, /* said before */
		{ 2000, 1900, 1950, 1000000, true },  /* another one, that ends later */
		{ 1900, 2000, 1950, 1000000, false }, /* one of several that are shown in turn */
		{ 900, 0, 1000, 1000000, true },      /* ended */
		{ 900, 0, 1000, 0, false },           /* not wanted */
		{ 1000, 0, 1000, 999, true },         /* less than a second is none */
		{ 1001, 0, 1000, 999, false },
		{ 2073601000, 0, 1000, 2073600000, false }, /* the longest warning has no wrap */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(target_event_is_due(cases[i].expires, cases[i].warned,
		                                     cases[i].now, cases[i].warning_ms),
		                 cases[i].is_due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_certificate_is_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
