/* What `shunt status` makes of the daemon's lines: what it reads, how it ends, its table. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api/listing.h"
#include "cli/api/record.h"
#include "cli/base/cli.h"
#include "cli/show/status_table.h"
#include "cli/show/verdict.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define STATUS(records) "status\t0.1.0\ttrue\tfalse\n" records "end\n"
#define RECORD_OF(name, active, endpoints)                                                         \
	"record\t" name "\t" active "\t192.0.2.1\t1767225600\tprimary\tbecause\n" endpoints
#define ENDPOINT(id, health, address)                                                              \
	"endpoint\t" id "\t" health "\thttp\t\n"                                                   \
	"address\t" address "\t" health "\t1.500\t\n"
/* It has failed since the probe that passed. */
#define FAILED(id, address)                                                                        \
	"endpoint\t" id "\tdown\thttp\t\n"                                                         \
	"address\t" address "\tdown\t1.500\trefused\n"
/* Its name does not resolve. */
#define LOST(id, health) "endpoint\t" id "\t" health "\thttp\tno such name\n"
#define RECORD(name, active, a, b)                                                                 \
	RECORD_OF(name, active,                                                                    \
	          ENDPOINT("primary", a, "192.0.2.1") ENDPOINT("secondary", b, "192.0.2.2"))

#define GOOD RECORD("good.example.com", "primary", "up", "up")
#define MOVED RECORD("moved.example.com", "secondary", "down", "up")
#define DEAD RECORD("dead.example.com", "primary", "down", "down")

/* --- reading ------------------------------------------------------------------------------------ */

static bool is_read(struct listing *listing, const char *text)
{
	return listing_read(listing, strdup(text));
}

static void what_is_told_is_read(void **state)
{
	const struct listing_record *record;
	struct listing listing;

	(void)state;
	assert_true(is_read(&listing,
	                    "status\t9.9\tfalse\ttrue\tmore\tand more\tand yet more\n"
	                    "door\t/app.slice\trefused\tno such kernel\tmore\n"
	                    "door\t/web.slice\tattached\t\n"
	                    "news\tof another version\n" GOOD "record\tn\t\t\t\tdns\tr\tmore\n"
	                    "endpoint\ta\tunknown\t\tno such name\tmore\n"
	                    "address\t::1\tup\t\tlate\theld\tand more\tand yet more\tand more\n"
	                    "end\nwhatever"));
	assert_false(listing.settled);
	assert_true(listing.isolated);
	assert_string_equal(listing.reset_error, "more");
	assert_string_equal(listing.fleet_error, "and more");
	assert_int_equal(listing.door_count, 2);
	assert_string_equal(listing.doors[0].cgroup, "/app.slice");
	assert_string_equal(listing.doors[0].state, "refused");
	assert_string_equal(listing.doors[0].reason, "no such kernel");
	assert_string_equal(listing.doors[1].reason, "");
	assert_int_equal(listing.record_count, 2);
	record = &listing.records[0];
	assert_string_equal(record->name, "good.example.com");
	assert_string_equal(record->active, "primary");
	assert_string_equal(record->answer, "192.0.2.1");
	assert_string_equal(record->all_down, "primary");
	assert_string_equal(record->reason, "because");
	assert_int_equal(record->since, 1767225600);
	assert_int_equal(record->endpoint_count, 2);
	assert_string_equal(record->endpoints[1].id, "secondary");
	assert_string_equal(record->endpoints[1].check, "http");
	assert_string_equal(record->endpoints[1].error, "");
	assert_int_equal(record->endpoints[1].address_count, 1);
	assert_string_equal(record->endpoints[1].addresses[0].address, "192.0.2.2");
	assert_true(record->endpoints[1].addresses[0].latency_ms == 1.5);
	assert_string_equal(record->endpoints[1].addresses[0].watch, "");
	record = &listing.records[1];
	assert_string_equal(record->active, "");
	assert_int_equal(record->since, 0);
	assert_int_equal(record->endpoint_count, 1);
	assert_string_equal(record->endpoints[0].health, "unknown");
	assert_string_equal(record->endpoints[0].error, "no such name");
	assert_true(record->endpoints[0].addresses[0].latency_ms < 0);
	assert_string_equal(record->endpoints[0].addresses[0].last_error, "late");
	assert_string_equal(record->endpoints[0].addresses[0].watch, "held");
	listing_free(&listing);
}

/* Wherever it was broken off, it is not taken for a whole. */
static void what_is_broken_off_is_refused(void **state)
{
	static const char whole[] = STATUS(GOOD MOVED);
	struct listing listing;

	(void)state;
	for (size_t length = 0; length < sizeof(whole) - 1; length++)
		assert_false(listing_read(&listing, strndup(whole, length)));
	assert_true(is_read(&listing, whole));
	listing_free(&listing);
}

static void what_is_no_listing_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"\n",
		"end\n",
		"{\"records\":[]}\n",
		"<html>\n</html>\n",
		GOOD "end\n",
		STATUS("endpoint\ta\tup\ttcp\t\n"),
		STATUS("address\t::1\tup\t\t\n"),
		STATUS(GOOD "record\tn\ta\t\t0\tdns\tr\naddress\t::1\tup\t\t\n"),
		STATUS("record\tn\ta\t\t0\tdns\n"),
		STATUS(GOOD "endpoint\ta\tup\n"),
		STATUS(GOOD "address\n"),
		"status\t0.1.0\ttrue\nend\n",
		"door\t/a\tattached\t\n" STATUS(""),
		STATUS("door\t/a\tattached\n"),
	};
	struct listing listing;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_false(is_read(&listing, cases[i]));
}

/* --- the verdict -------------------------------------------------------------------------------- */

static void the_verdict_is_the_worst(void **state)
{
	static const struct {
		const char *status;
		int verdict;
	} cases[] = {
		{ STATUS(""), CLI_DONE },
		{ STATUS(GOOD), CLI_DONE },
		{ STATUS(RECORD("n", "primary", "unknown", "unknown")), CLI_DONE },
		{ STATUS(RECORD("n", "primary", "up", "down")), CLI_DONE },
		{ STATUS(GOOD MOVED), CLI_ELSEWHERE },
		{ STATUS(RECORD("n", "", "unknown", "down")), CLI_ELSEWHERE },
		{ STATUS(RECORD("n", "", "down", "down")), CLI_UNHEALTHY },
		{ STATUS(DEAD MOVED GOOD), CLI_UNHEALTHY },
		{ STATUS(RECORD_OF("n", "", LOST("a", "unknown"))), CLI_UNHEALTHY },
		{ STATUS(RECORD_OF("n", "a", FAILED("a", "::1") LOST("b", "unknown"))),
		  CLI_UNHEALTHY },
		{ STATUS(RECORD_OF("n", "b", LOST("a", "unknown") ENDPOINT("b", "unknown", "::1"))),
		  CLI_ELSEWHERE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct listing listing;

		assert_true(is_read(&listing, cases[i].status));
		assert_int_equal(verdict_listing(&listing), cases[i].verdict);
		listing_free(&listing);
	}
}

#define JSON_RECORD(active, a, b)                                                                  \
	"{\"name\":\"moved.example.com\",\"aliases\":[\"Short\"],\"active\":" active               \
	",\"endpoints\":[{\"id\":\"primary\",\"health\":\"" a "\",\"addresses\":[" b               \
	"]},{\"id\":\"secondary\",\"health\":\"up\",\"addresses\":[{}]}]}"

/* --json ends as the table does. */
static void the_verdict_of_json_is_the_same(void **state)
{
	static const struct {
		const char *status;
		int verdict;
	} cases[] = {
		{ "{}", CLI_DONE },
		{ "{\"records\":[]}", CLI_DONE },
		{ "{\"records\":[" JSON_RECORD("\"primary\"", "up", "{}") "]}", CLI_DONE },
		{ "{\"records\":[" JSON_RECORD("\"secondary\"", "down", "{}") "," JSON_RECORD(
		          "\"primary\"", "up", "{}") "]}",
		  CLI_ELSEWHERE },
		{ "{\"records\":[" JSON_RECORD("null", "up", "") "]}", CLI_ELSEWHERE },
		{ "{\"records\":[{\"active\":null,\"endpoints\":[{\"id\":\"a\",\"health\":\"up\","
		  "\"addresses\":[]},{\"id\":\"b\",\"health\":\"down\",\"addresses\":[{}]}]}]}",
		  CLI_UNHEALTHY },
		{ "{\"records\":[7,null,{},{\"endpoints\":[7,{\"addresses\":[7]}]}]}", CLI_DONE },
		{ "{\"records\":7}", CLI_DONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *status = json_loads(cases[i].status, 0, NULL);
		int verdict;

		assert_non_null(status);
		assert_true(verdict_json(cases[i].status, strlen(cases[i].status), &verdict, NULL,
		                         NULL));
		assert_int_equal(verdict, cases[i].verdict);
		assert_null(record_find(status, "nope"));
		json_decref(status);
	}
}

static void a_record_is_found_by_any_of_its_names(void **state)
{
	static const struct {
		const char *name;
		bool found;
	} cases[] = { { "moved.example.com", true },
		      { "MOVED.example.COM.", true },
		      { "short.", true },
		      { "SHORT", true },
		      { "moved.example.com..", false },
		      { "moved", false },
		      { "", false },
		      { ".", false } };
	json_t *status = json_loads("{\"records\":[" JSON_RECORD("null", "up", "") "]}", 0, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(record_find(status, cases[i].name) != NULL, cases[i].found);
	json_decref(status);
}

/* --- the table ---------------------------------------------------------------------------------- */

static char *printed(const char *text)
{
	const struct status_table_style style = { .width = 80, .now = 1767225600 + 7500 };
	struct listing listing;
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);

	assert_non_null(stream);
	assert_true(is_read(&listing, text));
	status_table_print(&listing, &style, stream);
	fclose(stream);
	listing_free(&listing);
	return out;
}

static void the_table_is_as_documented(void **state)
{
	char *out = printed(STATUS(GOOD RECORD_OF(
	        "moved.example.com", "secondary",
	        FAILED("primary", "192.0.2.1") ENDPOINT("secondary", "up", "192.0.2.2"))));

	(void)state;
	assert_string_equal(out, "NAME               ANSWER     ENDPOINT   SINCE  WHY\n"
	                         "    ENDPOINT   HEALTH  ADDRESS    LATENCY  LAST ERROR\n"
	                         "good.example.com   192.0.2.1  primary    2h 5m  because\n"
	                         "  * primary    up      192.0.2.1  1.5 ms\n"
	                         "  - secondary  up      192.0.2.2  1.5 ms\n"
	                         "moved.example.com  192.0.2.1  secondary  2h 5m  because\n"
	                         "  - primary    down    192.0.2.1  -        refused\n"
	                         "  * secondary  up      192.0.2.2  1.5 ms\n");
	free(out);
	out = printed(STATUS(""));
	assert_string_equal(out, "No names are managed.\n");
	free(out);
}

/* No address, no check, several addresses; a daemon that has just started, a host that is alone. */
static void what_is_rare_is_told(void **state)
{
	char *out = printed("status\t0.1.0\tfalse\ttrue\tnobody listens\n"
	                    "record\tn\ta\t\t\tdns\tr\n"
	                    "endpoint\ta\tunknown\t\t\n"
	                    "address\t192.0.2.1\tunknown\t\t\n"
	                    "address\t192.0.2.2\tunknown\t\t\n" LOST("b", "unknown") "end\n");

	(void)state;
	assert_string_equal(out, "NAME  ANSWER   ENDPOINT  SINCE  WHY\n"
	                         "    ENDPOINT  HEALTH   ADDRESS    LATENCY   LAST ERROR\n"
	                         "n     no       a         -      r\n"
	                         "      address\n"
	                         "  * a         unknown  192.0.2.1  no check\n"
	                         "              unknown  192.0.2.2  no check\n"
	                         "  - b         unknown  -          -\n"
	                         "                                            no such name\n"
	                         "The daemon has just started: its first checks are under way.\n"
	                         "This host is isolated: nothing beyond it answers. Lost names "
	                         "keep their answers.\n"
	                         "Open connections cannot be reset: nobody listens.\n");
	free(out);
}

/* Connections that are watched, and doors: only where there are some. */
static void watches_and_doors_are_told(void **state)
{
	char *out = printed(STATUS("door\t/app.slice\tattached\t\n"
	                           "door\t/web.slice\tunserved\tno shunt-door\n"
	                           "record\tn\ta\t192.0.2.1\t\tprimary\tr\n"
	                           "endpoint\ta\tup\ttcp\t\n"
	                           "address\t192.0.2.1\tup\t1.5\t\theld\n"
	                           "address\t192.0.2.2\tup\t1.5\t\twaiting\n"
	                           "address\t192.0.2.3\tup\t1.5\trefused\toff\n"
	                           "address\t192.0.2.4\tdown\t\trefused\toff\n"
	                           "address\t192.0.2.5\tunknown\t\t\toff\n"
	                           "address\t192.0.2.6\tup\t1.5\t\n"));

	(void)state;
	assert_string_equal(out, "NAME  ANSWER     ENDPOINT  SINCE  WHY\n"
	                         "    ENDPOINT  HEALTH           ADDRESS    LATENCY  LAST ERROR\n"
	                         "n     192.0.2.1  a         -      r\n"
	                         "  * a         up, watched      192.0.2.1  1.5 ms\n"
	                         "              up, not watched  192.0.2.2  1.5 ms\n"
	                         "              up, not watched  192.0.2.3  -        refused\n"
	                         "              down             192.0.2.4  -        refused\n"
	                         "              unknown          192.0.2.5  -\n"
	                         "              up               192.0.2.6  1.5 ms\n"
	                         "Door of /app.slice: attached.\n"
	                         "Door of /web.slice: unserved, no shunt-door.\n");
	free(out);
}

/* Where no endpoint answers, all_down tells what does. */
static void no_answer_says_what_happens(void **state)
{
	static const struct {
		const char *status, *answer;
	} cases[] = {
		{ STATUS("record\tn\t\t\t\tdns\tr\n"), "\nn     (DNS) " },
		{ STATUS("record\tn\t\t\t\tfail\tr\n"), "\nn     (fails) " },
		{ STATUS("record\tn\t\t\t\tprimary\tr\n"), "\nn     (fails) " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *out = printed(cases[i].status);

		assert_non_null(strstr(out, cases[i].answer));
		free(out);
	}
}

/* A name that takes too much room moves to a line of its own, so that the reasons stay in their column. */
static void a_long_name_makes_room(void **state)
{
	char *out =
	        printed(STATUS(RECORD("a-name-of-some-length.and-more.and-still-more.example.com",
	                              "primary", "up", "up")));

	(void)state;
	assert_string_equal(out,
	                    "NAME                            ANSWER     ENDPOINT  SINCE  WHY\n"
	                    "    ENDPOINT   HEALTH  ADDRESS    LATENCY  LAST ERROR\n"
	                    "a-name-of-some-length.and-more.and-still-more.example.com\n"
	                    "                                192.0.2.1  primary   2h 5m  because\n"
	                    "  * primary    up      192.0.2.1  1.5 ms\n"
	                    "  - secondary  up      192.0.2.2  1.5 ms\n");
	free(out);
}

#define LABEL "sixty-three-characters-are-what-a-label-may-have-and-no-more-aa"
#define LONG_NAME LABEL "." LABEL "." LABEL
#define LONG_ADDRESS "2001:db8:1111:2222:3333:4444:5555:6666"
#define LONG_REASON "a reason of many words that goes on and on and would not end in one line"

/* Whatever is long: no line beyond 80 columns, none with a space at its end, and the addresses in one piece. */
static void nothing_breaks_eighty_columns(void **state)
{
	static const char *const cases[] = {
		STATUS("record\t" LONG_NAME "\t" LABEL "\t" LONG_ADDRESS
		       " 192.0.2.7\t915148800\tprimary\t" LONG_REASON "\n"
		       "endpoint\t" LABEL "\tunknown\thttp\t" LONG_REASON "\n"
		       "address\t" LONG_ADDRESS "\tunknown\t\t" LONG_REASON LABEL LABEL "\n"),
		STATUS(GOOD "record\t" LONG_NAME "\tx\t192.0.2.7\t\tprimary\t" LONG_REASON "\n"),
		STATUS(GOOD "record\tmiddle-sized-name.example.com\tx\t" LONG_ADDRESS
		            " 192.0.2.7\t\tprimary\t" LONG_REASON "\n"),
		/* Longer than any id that the daemon takes. */
		STATUS("record\tmiddle-sized\tx\t192.0.2.7\t\tprimary\t\n"
		       "endpoint\t" LABEL LABEL "\tup\t\t\n"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *out = printed(cases[i]), *line, *rest = out;

		assert_non_null(strstr(out, "192.0.2.7"));
		if (strstr(cases[i], LONG_ADDRESS))
			assert_non_null(strstr(out, LONG_ADDRESS));
		assert_non_null(strstr(out, LABEL ".") ? out : strstr(out, "middle-sized"));
		while ((line = strsep(&rest, "\n"))) {
			assert_true(strlen(line) <= 80);
			assert_true(!*line || line[strlen(line) - 1] != ' ');
		}
		free(out);
	}
}

static void nothing_that_a_terminal_obeys_is_shown(void **state)
{
	char *out = printed(STATUS("record\ta\033[2Jb\tx\x7f\t\x9b\t-1\t\r\t\b\xc3\xa9\n"
	                           "endpoint\t\033\t\033\t\033\t\033\n"
	                           "address\t\033\t\033\t\033\t\033\n"));

	(void)state;
	assert_non_null(strstr(out, "a?[2Jb"));
	for (const char *c = out; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_read),
		cmocka_unit_test(what_is_broken_off_is_refused),
		cmocka_unit_test(what_is_no_listing_is_refused),
		cmocka_unit_test(the_verdict_is_the_worst),
		cmocka_unit_test(the_verdict_of_json_is_the_same),
		cmocka_unit_test(a_record_is_found_by_any_of_its_names),
		cmocka_unit_test(the_table_is_as_documented),
		cmocka_unit_test(what_is_rare_is_told),
		cmocka_unit_test(watches_and_doors_are_told),
		cmocka_unit_test(no_answer_says_what_happens),
		cmocka_unit_test(a_long_name_makes_room),
		cmocka_unit_test(nothing_breaks_eighty_columns),
		cmocka_unit_test(nothing_that_a_terminal_obeys_is_shown),
	};

	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
