/* JSON as the command reads and prints it without a tree: what jansson takes and prints is what it takes and prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/base/json_scan.h"
#include "cli/show/json_print.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const texts[] = {
	"{}",
	" [ ] \n",
	"[[],{},[{}]]",
	"{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\"}}",
	"{ \"a\" : [ 1 , 2 ] , \"b\" : -0.5e3 }",
	"[0,-0,10,1.5,1e3,1E+3,1e-3,0.25]",
	"[\"\",\"\\\"\\\\\\b\\f\\n\\r\\t\",\"\\u00e9\"]",
	"[\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\",\"z\"]",
	("[\"012345\xc3\xa9\",\"0123456\xc3\xa9\",\"01234567\xc3\xa9\",\"012345678901234\xc3\xa9"
	 "01234567\"]"),
	"{\"\xc3\xa9\":\"\xed\x9f\xbf\"}",
	/* What is none. */
	"",
	" ",
	"7",
	"\"a\"",
	"{",
	"}",
	"[1,]",
	"[,1]",
	"[1 2]",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\":1,}",
	"{a:1}",
	"{1:2}",
	"[1}",
	"{\"a\":1]",
	"{} x",
	"{}{}",
	"[01]",
	"[1.]",
	"[.5]",
	"[+1]",
	"[1e]",
	"[-]",
	"[nul]",
	"[truex]",
	"[\"a]",
	"[\"\n\"]",
	"[\"\\x\"]",
	"[\"\\u12g4\"]",
	"[\"\\u123\"]",
	"[\"\xe2\x82\x41\"]",
	"[\"\xf0\x9f\x98\x41\"]",
	"[\"\xf0\x9f\x41\x80\"]",
	"[\"\\u12\"]",
	"[\"\x80\"]",
	"[\"\xc0\x80\"]",
	"[\"\xc3\"]",
	"[\"\xe0\x80\x80\"]",
	"[\"\xed\xa0\x80\"]",
	"[\"\xf4\x90\x80\x80\"]",
	"[\"\xff\"]",
	"['a']",
	"[1]]",
	"{\"a\":[1,{\"b\":2}",
};

static void ignore(void *arg, const struct json_scan_token *token)
{
	(void)arg;
	(void)token;
}

/* In a block of exactly its size. */
static bool scans(const char *text, size_t size)
{
	char *copy = malloc(size + !size);
	bool good;

	memcpy(copy, text, size);
	good = json_scan(copy, size, ignore, NULL);
	free(copy);
	return good;
}

static void what_jansson_takes_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		json_t *json = json_loads(texts[i], 0, NULL);

		if (scans(texts[i], strlen(texts[i])) != (json != NULL))
			fail_msg("%s", texts[i]);
		json_decref(json);
	}
}

/* A text that breaks off is none, wherever it does. */
static void no_part_is_a_whole(void **state)
{
	static const char text[] = "{\"a\":[1.5e3,true,\"\\u00e9\xc3\xa9\",{\"b\":null}],\"c\":{}}";

	(void)state;
	assert_true(scans(text, sizeof(text) - 1));
	for (size_t size = 0; size < sizeof(text) - 1; size++)
		assert_false(scans(text, size));
}

/* Strings are looked through eight bytes at a time: what is special is seen wherever it stands. */
static void every_byte_is_seen(void **state)
{
	char text[40];

	(void)state;
	for (unsigned c = 1; c < 256; c++) {
		for (size_t at = 0; at < 24; at++) {
			json_t *json;

			snprintf(text, sizeof(text), "[\"%024d\"]", 0);
			text[2 + at] = (char)c;
			json = json_loads(text, 0, NULL);
			if (scans(text, strlen(text)) != (json != NULL))
				fail_msg("byte %u at %zu", c, at);
			json_decref(json);
		}
	}
}

static void print_token(void *arg, const struct json_scan_token *token)
{
	json_print_token(arg, token);
}

static char *printed(const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);

	struct json_print print = { 0 };

	assert_true(json_scan(text, strlen(text), print_token, &print));
	assert_true(json_print_end(&print, stream));
	fclose(stream);
	return out;
}

/* Where a number or an escape has one spelling only: what is written stays as it is. */
static const char *const plain[] = {
	"{}",
	" [ ] \n",
	"[[],{},[{}],[[]]]",
	"{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\"},\"f\":[]}",
	"{ \"a\" : [ 1 , 2 ] , \"b\" : -0.5 }",
	"[0,10,-7,1.5,0.25]",
	"[\"\",\"\\\"\\\\\\b\\f\\n\\r\\t\"]",
	"[\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\",\"z\"]",
	("[\"0123456\xc3\xa9\",\"01234567\xc3\xa9\",\"012345678901234\xc3\xa9"
	 "01234567\"]"),
	"{\"\xc3\xa9\":\"\xed\x9f\xbf\",\"\xef\xbf\xbd\":\"\xf4\x8f\xbf\xbf\"}",
};

static void it_is_printed_as_jansson_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(plain); i++) {
		json_t *json = json_loads(plain[i], 0, NULL);
		char *want, *seen;

		assert_non_null(json);
		want = json_dumps(json,
		                  JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
		seen = printed(plain[i]);
		assert_int_equal(seen[strlen(seen) - 1], '\n');
		seen[strlen(seen) - 1] = '\0';
		assert_string_equal(seen, want);
		free(want);
		free(seen);
		json_decref(json);
	}
}

static void depth_is_bounded(void **state)
{
	char text[2 * (JSON_SCAN_DEPTH + 1)], *seen;

	(void)state;
	memset(text, '[', JSON_SCAN_DEPTH + 1);
	memset(text + JSON_SCAN_DEPTH + 1, ']', JSON_SCAN_DEPTH + 1);
	assert_true(scans(text + 1, 2 * JSON_SCAN_DEPTH));
	assert_false(scans(text, sizeof(text)));
	text[sizeof(text) - 1] = '\0';
	seen = printed(text + 1);
	assert_non_null(seen);
	free(seen);
}

static void a_terminal_is_not_driven(void **state)
{
	char *seen = printed("[\"\x7f\xc2\x9b\",\"0123456\x7f\"]");

	(void)state;
	assert_string_equal(seen, "[\n  \"\\u007F\\u009B\",\n  \"0123456\\u007F\"\n]\n");
	free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_jansson_takes_is_taken),
		cmocka_unit_test(no_part_is_a_whole),
		cmocka_unit_test(every_byte_is_seen),
		cmocka_unit_test(it_is_printed_as_jansson_does),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(a_terminal_is_not_driven),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
