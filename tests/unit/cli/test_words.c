/* What looks like a secret is removed from a text, and the rest stays. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bugreport/words.h"

static const struct {
	const char *text, *expected;
} rows[] = {
	{ "", "" },
	{ "primary is down: connection refused", "primary is down: connection refused" },
	{ "www.example.com: primary -> secondary", "www.example.com: primary -> secondary" },
	{ "2001:db8:0:0:0:0:0:10", "2001:db8:0:0:0:0:0:10" },
	{ "ip-10-0-12-34.eu-west-1.compute.internal", "ip-10-0-12-34.eu-west-1.compute.internal" },
	{ "a-name-with-no-digits-in-it", "a-name-with-no-digits-in-it" },
	{ "12345678901234567890", "12345678901234567890" },
	{ "http://joe:hunter2@host/x", "http://[removed]@host/x" },
	{ "postgres://joe:hun/ter2@host/db", "postgres://[removed]@host/db" },
	{ "postgres://joe:hun@ter2?@host/db", "postgres://[removed]@host/db" },
	{ "http://host/x joe@host", "http://host/x joe@host" },
	{ "http://host:80/x", "http://host:80/x" },
	/* it may be the end of a password */
	{ "http://host/@x", "http://[removed]@x" },
	{ "/health?token=hunter2 said no", "/health?[removed] said no" },
	{ "(is shuntd running?; see shuntd(8)) or not?",
	  "(is shuntd running?; see shuntd(8)) or not?" },
	{ "/a?;1 ?\xc3\xa9", "/a?[removed] ?[removed]" },
	{ "Authorization: Basic aHVudGVyMg==", "Auth[removed]" },
	{ "no PASSWORD given: hunter2", "no PASSW[removed]" },
	{ "my_secret=hunter2", "my_secret[removed]" },
	{ "key AKIA0123456789ABCDEF ends", "key [removed] ends" },
	{ "aHVudGVyMmh1bnRlcjI=", "[removed]" },
	{ "the key=hunter2", "the key=[removed]" },
	{ "not wJalrXUtnFEMI/K7MDENG/bPxRfi it is", "not [removed] it is" },
	{ "AKIA0123/AKIA0123456789ABCDEF", "AKIA0123/[removed]" },
	{ "/hooks/AKIA0123456789ABCDEF/x", "/hooks/[removed]/x" },
	{ "/usr/lib/X86_64-linux-gnu/libshunt.so", "/usr/lib/X86_64-linux-gnu/libshunt.so" },
	{ "usr/lib/x86_64-linux-gnu/libshunt.so", "usr/lib/x86_64-linux-gnu/libshunt.so" },
	{ "a\tb\x80", "a?b?" },
};

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		words_print(rows[i].text, strlen(rows[i].text), out);
		fclose(out);
		assert_string_equal(text, rows[i].expected);
		free(text);
	}
}

/* Never more than the bytes given are read. */
static void the_length_counts(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	words_print("abc?secret", 3, out);
	words_print("://joe@", 6, out);
	fclose(out);
	assert_string_equal(text, "abc://joe");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(the_length_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
