/* A configuration without its secrets, whatever form it has. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bugreport/redact.h"

static const struct {
	const char *text, *expected;
} rows[] = {
	{ "socket = \"/run/a\";", "socket = \"/run/a\";" },
	{ "a: { port = 80; invert = true; };", "a: { port = 80; invert = true; };" },
	{ "x = 1; # password is hunter2\ny = 2;", "x = 1; \ny = 2;" },
	{ "x = 1; // hunter2\n/* hunter2\nhunter2 */y = 2;", "x = 1; \ny = 2;" },
	{ "headers = [ \"X: hunter2\", \"Y: z\" ];",
	  "headers = [ \"[removed]\", \"[removed]\" ];" },
	{ "path = \"/x?t=hunter2\";", "path = \"/x?[removed]\";" },
	/* the parts of a text that is written in parts */
	{ "path = \"/x?t\" \"=hunter2\";", "path = \"/x?[removed]\" \"[removed]\";" },
	{ "path = \"/x\"\n# c\n\"hunter2\";", "path = \"/x\"\n\n\"[removed]\";" },
	{ "command = [ \"/bin/x\", \"-p\", \"hunter2\" ];",
	  "command = [ \"/bin/x\", \"[removed]\", \"[removed]\" ];" },
	{ "expect_body = \"hunter2\";", "expect_body = \"[removed]\";" },
	{ "unknown = \"hunter2\";", "unknown = \"[removed]\";" },
	/* a name counts for its own value */
	{ "path = { new = \"hunter2\"; };", "path = { new = \"[removed]\"; };" },
	{ "path = { \"hunter2\" };", "path = { \"[removed]\" };" },
	{ "path = \"/\"; \"hunter2\";", "path = \"/\"; \"[removed]\";" },
	/* files with mistakes */
	{ "password = hunter2;", "passw[removed] = [removed];" },
	{ "path = hunter2;", "path = [removed];" },
	{ "path = \"/hunter2", "path = \"[removed]\"" },
	{ "path = \"a\\\"b\";", "path = \"a\\\"b\";" },
	{ "port = 123456789012345;", "port = [removed];" },
	{ "path = 'hunter2';", "path = ?[removed]?;" },
	{ "@include \"more.conf\"", "@include \"more.conf\"" },
	{ "\"hunter2\"", "\"[removed]\"" },
	{ "path = \"\\", "path = \"[removed]\"" },
};

static char *redacted(const char *text, size_t size)
{
	char *result = NULL;
	size_t length;
	FILE *out = open_memstream(&result, &length);

	redact_print(text, size, out);
	fclose(out);
	return result;
}

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* In memory that ends where the text does. */
		size_t size = strlen(rows[i].text);
		char *exact = malloc(size), *text;

		memcpy(exact, rows[i].text, size);
		text = redacted(exact, size);
		assert_string_equal(text, rows[i].expected);
		free(text);
		free(exact);
	}
}

static void any_bytes_are_read(void **state)
{
	static const char bytes[] = "path\0=\0\"\x80\xff\"\x01{\x7f\r\n";
	char *text = redacted(bytes, sizeof(bytes) - 1);

	(void)state;
	assert_null(memchr(text, 0x80, strlen(text)));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(any_bytes_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
