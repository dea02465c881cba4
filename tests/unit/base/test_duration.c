/* Durations: what is read, what is refused, and that the shortest exact form is read back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/duration.h"
#include "tests/support/unit.h"

static const struct {
	const char *text;
	enum duration_error fault;
	uint32_t ms;
} reads[] = {
	{ "0s", DURATION_OK, 0 },
	{ "0ms", DURATION_OK, 0 },
	{ "1ms", DURATION_OK, 1 },
	{ "500ms", DURATION_OK, 500 },
	{ "10s", DURATION_OK, 10000 },
	{ "010s", DURATION_OK, 10000 },
	{ "5m", DURATION_OK, 300000 },
	{ "1h", DURATION_OK, 3600000 },
	{ "576h", DURATION_OK, DURATION_MAX_MS },
	{ "2073600000ms", DURATION_OK, DURATION_MAX_MS },
	{ "577h", DURATION_TOO_LONG, 0 },
	{ "2073600001ms", DURATION_TOO_LONG, 0 },
	{ "2073600000h", DURATION_TOO_LONG, 0 },
	{ "4294967296ms", DURATION_TOO_LONG, 0 },
	{ "18446744073709551617ms", DURATION_TOO_LONG, 0 },
	{ "99999999999999999999999999999999999999", DURATION_TOO_LONG, 0 },
	{ "10", DURATION_NO_UNIT, 0 },
	{ "0", DURATION_NO_UNIT, 0 },
	{ "", DURATION_BAD, 0 },
	{ "s", DURATION_BAD, 0 },
	{ "-1s", DURATION_BAD, 0 },
	{ "+1s", DURATION_BAD, 0 },
	{ " 1s", DURATION_BAD, 0 },
	{ "1 s", DURATION_BAD, 0 },
	{ "1s ", DURATION_BAD, 0 },
	{ "1.5s", DURATION_BAD, 0 },
	{ "1S", DURATION_BAD, 0 },
	{ "1d", DURATION_BAD, 0 },
	{ "1sec", DURATION_BAD, 0 },
	{ "1h30m", DURATION_BAD, 0 },
};

static void test_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		uint32_t ms = 12345;

		print_message("# \"%s\"\n", reads[i].text);
		assert_int_equal(duration_parse(reads[i].text, &ms), reads[i].fault);
		assert_int_equal(ms, reads[i].fault == DURATION_OK ? reads[i].ms : 12345);
	}
}

static const struct {
	uint32_t ms;
	const char *text;
} formats[] = {
	{ 0, "0s" },        { 1, "1ms" },        { 999, "999ms" },     { 1000, "1s" },
	{ 1500, "1500ms" }, { 60000, "1m" },     { 90000, "90s" },     { 3600000, "1h" },
	{ 5400000, "90m" }, { 86400000, "24h" }, { 3601000, "3601s" }, { DURATION_MAX_MS, "576h" },
};

static void test_formats(void **state)
{
	char text[DURATION_TEXT_MAX];
	uint32_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		assert_string_equal(duration_format(formats[i].ms, text), formats[i].text);
		assert_int_equal(duration_parse(text, &ms), DURATION_OK);
		assert_int_equal(ms, formats[i].ms);
	}
	/* The longest of all fits, though none is read back. */
	assert_string_equal(duration_format(UINT32_MAX, text), "4294967295ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
