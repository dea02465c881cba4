/* The forms of a name in the index: in Unicode, and that decomposed. */
#include "tests/support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/publish/unicode.h"

static void forms_are_as_people_type_them(void **state)
{
	static const struct {
		const char *name, *unicode, *decomposed;
	} rows[] = {
		{ "www.example.com", NULL, NULL },
		{ "xn--bcher-kva.example.com", "b\u00fccher.example.com",
		  "bu\u0308cher.example.com" },
		{ "xn--80ak6aa92e.com", "\u0430\u0440\u0440\u04cf\u0435.com", NULL },
		{ "xn--strae-oqa.de", "stra\u00dfe.de", NULL },
		/* two marks on one letter, in their canonical order */
		{ "xn--vit-5kz.example", "vi\u1ec7t.example", "vie\u0323\u0302t.example" },
		{ "xn--o39a.example", "\uac00.example", "\u1100\u1161.example" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *unicode = unicode_name(rows[i].name), *decomposed;

		if (!rows[i].unicode) {
			assert_null(unicode);
			continue;
		}
		assert_non_null(unicode);
		assert_string_equal(unicode, rows[i].unicode);
		decomposed = unicode_decomposed(unicode);
		if (rows[i].decomposed)
			assert_string_equal(decomposed, rows[i].decomposed);
		else
			assert_null(decomposed);
		free(decomposed);
		free(unicode);
	}
}

/* Decomposed it would be longer than a name of the table may be: left out. */
static void too_long_is_left_out(void **state)
{
	char name[3 * 60 + 1] = "";

	(void)state;
	for (int i = 0; i < 60; i++)
		strcat(name, "\uac00");
	assert_null(unicode_decomposed(name));
	name[3 * 20] = '\0';
	{
		char *decomposed = unicode_decomposed(name);

		assert_int_equal(strlen(decomposed), 6 * 20);
		free(decomposed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_as_people_type_them),
		cmocka_unit_test(too_long_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
