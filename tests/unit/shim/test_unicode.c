/* Names of other scripts: shim/answer/canonical.c and shim/lookup/unicode.c. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shim/answer/canonical.h"
#include "shim/lookup/unicode.h"
#include "shunt/table.h"

static void check_decoded(const char *name, const char *want)
{
	char *got = canonical_decode(name);

	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
	free(got);
}

/* The third and fourth are RFC 3492, 7.1. */
static void test_decode(void **state)
{
	(void)state;
	check_decoded("xn--bcher-kva.example.com", "b\xc3\xbc"
	                                           "cher.example.com");
	check_decoded("www.XN--BCHER-KVA", "www.B\xc3\xbc"
	                                   "CHER");
	check_decoded("xn--d9juau41awczczp",
	              "\xe3\x81\x9d\xe3\x81\xae\xe3\x82\xb9\xe3\x83\x94\xe3\x83\xbc\xe3\x83\x89"
	              "\xe3\x81\xa7");
	check_decoded(
	        "xn--de-jg4avhby1noc0d",
	        "\xe3\x83\x91\xe3\x83\x95\xe3\x82\xa3\xe3\x83\xbc\x64\x65\xe3\x83\xab\xe3\x83\xb3"
	        "\xe3\x83\x90");
	check_decoded("xn--ls8h", "\xf0\x9f\x92\xa9");
}

static void test_no_decoding(void **state)
{
	char longest[SHUNT_NAME_MAX + 1] = "";

	(void)state;
	check_decoded("www.example.com", NULL);
	check_decoded("xn--", NULL);
	check_decoded("xn--a.example.com", NULL); /* a control character */
	check_decoded("xn--9", NULL);             /* ends within a number */
	check_decoded("xn--99999999999", NULL);   /* too large */
	memset(longest, 'z', SHUNT_NAME_MAX);
	for (size_t i = 0; i < 4; i++)
		longest[i] = "xn--"[i];
	check_decoded(longest, NULL); /* more than a label has */
}

static void check_folded(const char *name, const char *want)
{
	char out[SHUNT_NAME_MAX];
	uint32_t length = unicode_fold(name, out, sizeof(out));

	assert_int_equal(length, strlen(want));
	assert_memory_equal(out, want, length);
}

static void test_fold(void **state)
{
	char longer[4 * SHUNT_NAME_MAX + 2];

	(void)state;
	check_folded("B\xc3\x9c"
	             "CHER.Example.COM.",
	             "b\xc3\xbc"
	             "cher.example.com");
	check_folded("\xd0\x90\xe3\x80\x82x", "\xd0\xb0.x");
	check_folded("\xf0\x9f\x92\xa9", "\xf0\x9f\x92\xa9");
	check_folded("", "");
	check_folded("\xff", "");
	check_folded("b\xc3", "");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	check_folded(longer, "");
	longer[SHUNT_NAME_MAX + 1] = '\0';
	check_folded(longer, "");
}

static int use_utf8(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_no_decoding),
		cmocka_unit_test(test_fold),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
