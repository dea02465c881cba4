/* What watch and status --follow make of the daemon's news: changes that nobody told of, lines, a page that fits a window. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api/changes.h"
#include "cli/show/event_line.h"
#include "cli/show/page.h"
#include "tests/support/unit.h"

#define ENDPOINT(id, health)                                                                       \
	"{\"id\":\"" id "\",\"health\":\"" health                                                  \
	"\",\"check\":\"tcp\",\"addresses\":[{\"address\":\"192.0.2.1\",\"health\":\"" health      \
	"\"}]}"
#define RECORD(name, active, primary)                                                              \
	"{\"name\":\"" name "\",\"active\":" active ",\"all_down\":\"dns\",\"answer\":"            \
	"[\"192.0.2.1\"],\"reason\":\"because\",\"since\":\"2026-11-27T03:00:00Z\","               \
	"\"endpoints\":[" ENDPOINT("primary", primary) "," ENDPOINT("secondary", "up") "]}"

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

/* --- changes ------------------------------------------------------------------------------------ */

static void test_changes_between(void **state)
{
	json_t *before = parse("{\"records\":[" RECORD("a", "\"primary\"", "up") "," RECORD(
	        "b", "\"primary\"", "up") "," RECORD("gone", "\"primary\"", "up") "]}");
	json_t *after = parse("{\"records\":[" RECORD("a", "\"secondary\"", "down") "," RECORD(
	        "b", "null", "up") "," RECORD("new", "\"secondary\"", "up") "]}");
	json_t *answers = changes_answers(before), *changes = changes_between(answers, after);
	const json_t *first = json_array_get(changes, 0);
	char *text;

	(void)state;
	assert_int_equal(json_array_size(changes), 2);
	text = json_dumps(first, JSON_COMPACT);
	assert_string_equal(text, "{\"time\":\"2026-11-27T03:00:00Z\",\"type\":\"answer\","
	                          "\"level\":\"warning\",\"record\":\"a\",\"from\":\"primary\","
	                          "\"to\":\"secondary\",\"reason\":\"because\","
	                          "\"text\":\"a: primary -> secondary: because\"}");
	free(text);
	assert_string_equal(json_string_value(json_object_get(json_array_get(changes, 1), "to")),
	                    "dns");
	json_decref(changes);
	json_decref(answers);
	json_decref(before);
	json_decref(after);
}

/* What an event has told is not told again. */
static void test_changes_that_were_told(void **state)
{
	json_t *status = parse("{\"records\":[" RECORD("a", "\"secondary\"", "down") "]}");
	json_t *answers = parse("{\"a\":\"primary\"}"), *changes;
	json_t *other = parse("{\"type\":\"health\",\"record\":\"a\",\"to\":\"secondary\"}");
	json_t *event = parse("{\"type\":\"answer\",\"record\":\"a\",\"to\":\"secondary\"}");

	(void)state;
	changes_note(answers, other);
	changes = changes_between(answers, status);
	assert_int_equal(json_array_size(changes), 1);
	json_decref(changes);
	changes_note(answers, event);
	changes = changes_between(answers, status);
	assert_int_equal(json_array_size(changes), 0);
	json_decref(changes);
	json_decref(answers);
	json_decref(status);
	json_decref(event);
	json_decref(other);
}

/* --- lines -------------------------------------------------------------------------------------- */

static char *line(const char *event, bool colours, size_t width)
{
	json_t *json = parse(event);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	event_line_print(json, colours, width, out);
	fclose(out);
	json_decref(json);
	return text;
}

static void test_event_lines(void **state)
{
#define AT "\"time\":\"2026-11-27T03:02:11Z\","
	static const struct {
		const char *event;
		bool colours;
		size_t width;
		const char *line;
	} cases[] = {
		{ "{" AT
		  "\"type\":\"health\",\"to\":\"down\",\"level\":\"info\",\"text\":\"a: x\"}",
		  false, 0, "2026-11-27T03:02:11Z a: x\n" },
		{ "{" AT
		  "\"type\":\"health\",\"to\":\"down\",\"level\":\"info\",\"text\":\"a: x\"}",
		  true, 0, "\033[31m2026-11-27T03:02:11Z a: x\033[0m\n" },
		{ "{" AT "\"type\":\"health\",\"to\":\"up\",\"level\":\"info\",\"text\":\"a: x\"}",
		  true, 80, "\033[32m03:02:11 a: x\033[0m\n" },
		{ "{" AT "\"type\":\"answer\",\"level\":\"warning\",\"text\":\"a: x\"}", true, 80,
		  "\033[33m03:02:11 a: x\033[0m\n" },
		{ "{" AT "\"type\":\"settled\",\"level\":\"info\",\"text\":\"settled\"}", true, 80,
		  "03:02:11 settled\n" },
		{ "{" AT "\"text\":\"settled\"}", false, 12, "03:02:11 set\n" },
		{ "{\"text\":\"no \\u001b[2J time\"}", false, 80, " no ?[2J time\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = line(cases[i].event, cases[i].colours, cases[i].width);

		assert_string_equal(text, cases[i].line);
		free(text);
	}
}

/* --- the page ----------------------------------------------------------------------------------- */

struct shown {
	char *text;
	size_t lines;
};

static struct shown show(const char *status, size_t events, size_t rows, const char *trouble)
{
	struct page_view view = { .style = { .width = 80, .now = 1795748531 }, .rows = rows };
	json_t *list = json_array();
	struct listing listing;
	struct shown shown = { 0 };
	size_t size;
	FILE *out = open_memstream(&shown.text, &size);

	for (size_t i = 0; i < events; i++)
		json_array_append_new(list, json_pack("{s:s, s:s+}", "time", "2026-11-27T03:02:11Z",
		                                      "text", "event ", i % 2 ? "odd" : "even"));
	assert_true(listing_read(&listing, strdup(status)));
	view.listing = &listing;
	view.events = list;
	view.trouble = trouble;
	view.trouble_since = view.style.now - 75;
	page_print(&view, out);
	fclose(out);
	json_decref(list);
	listing_free(&listing);
	for (const char *c = shown.text; *c; c++)
		shown.lines += *c == '\n';
	return shown;
}

#define LINES(name, active, primary)                                                               \
	"record\t" name "\t" active "\t192.0.2.1\t1795748531\tdns\tbecause\n"                      \
	"endpoint\tprimary\t" primary "\ttcp\t\n"                                                  \
	"address\t192.0.2.1\t" primary "\t\t\n"                                                    \
	"endpoint\tsecondary\tup\ttcp\t\n"                                                         \
	"address\t192.0.2.2\tup\t\t\n"
#define LISTING(records) "status\t0.1.0\ttrue\tfalse\n" records "end\n"
#define GOOD LISTING(LINES("a.example", "primary", "up"))
#define MIXED                                                                                      \
	LISTING(LINES("good.example", "primary", "up") LINES("moved.example", "secondary", "down") \
	                LINES("also.example", "primary", "up"))

static void test_a_page_that_fits(void **state)
{
	struct shown shown = show(GOOD, 2, 24, NULL);

	(void)state;
	assert_non_null(strstr(shown.text, "  1 name: on the primary\n\nNAME"));
	assert_non_null(
	        strstr(shown.text, "LAST EVENTS\n03:02:11 event even\n03:02:11 event odd\n"));
	free(shown.text);
	shown = show(MIXED, 0, 24, NULL);
	assert_non_null(strstr(shown.text, "  3 names: 1 not on the primary\n"));
	assert_null(strstr(shown.text, "LAST EVENTS"));
	assert_true(strstr(shown.text, "good.example") < strstr(shown.text, "moved.example"));
	free(shown.text);
}

/* Where the table does not fit, the worst comes first; never more lines than there are. */
static void test_a_page_that_does_not(void **state)
{
	(void)state;
	for (size_t rows = 1; rows < 30; rows++) {
		struct shown shown = show(MIXED, 50, rows, NULL);

		if (rows >= 3)
			assert_true(shown.lines <= rows);
		if (rows >= 12 && strstr(shown.text, "more lines"))
			assert_non_null(strstr(shown.text, "moved.example"));
		if (rows >= 10)
			assert_non_null(strstr(shown.text, "event odd"));
		free(shown.text);
	}
}

static void test_no_connection(void **state)
{
	struct shown shown = show(GOOD, 0, 24, "the daemon has ended");

	(void)state;
	assert_non_null(strstr(shown.text, "no update for 1m 15s"));
	assert_non_null(strstr(shown.text, "\nthe daemon has ended\nNAME"));
	free(shown.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_between),
		cmocka_unit_test(test_changes_that_were_told),
		cmocka_unit_test(test_event_lines),
		cmocka_unit_test(test_a_page_that_fits),
		cmocka_unit_test(test_a_page_that_does_not),
		cmocka_unit_test(test_no_connection),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
