/* What status --fleet prints, how it ends, and when an order for the fleet is followed. JSON in, text out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/base/cli.h"
#include "cli/show/fleet_order.h"
#include "cli/show/fleet_table.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1767225600 /* 2026-01-01T00:00:00Z */

#define FLEET(state, error, records, hosts)                                                        \
	"{'state':'" state "','since':'2025-12-31T21:55:00Z','error':" error                       \
	",'member':'https://10.0.0.1:2379','host':'db-1','site':'fra-1','prefix':'/shunt/prod',"   \
	"'records':[" records "],'hosts':[" hosts "]}"
#define VOTES(id, health, down, sites, up)                                                         \
	"{'endpoint':'" id "','health':'" health "','down':" down ",'sites':" sites ",'up':" up    \
	",'unknown':0}"
#define RECORD(name, scope, order, hosts)                                                          \
	"{'name':'" name "','scope':'" scope "','share':50,'sites':2,'live':3,'agreed':"           \
	"'secondary','order':" order ",'hosts':{" hosts "},'endpoints':[" VOTES(                   \
	        "primary", "down", "2", "2", "1") "," VOTES("secondary", "up", "0", "0", "3") "]}"
#define ORDER(hosts)                                                                               \
	"{'endpoint':'secondary','by':'root@db-7','reason':'disk','since':'2025-12-31T23:00:00Z'," \
	"'until':'2026-01-01T01:00:00Z','hosts':" hosts "}"
#define HOST(name, site, isolated)                                                                 \
	"{'name':'" name "','site':'" site "','version':'1.0.0','isolated':" isolated "}"
#define SAYS(host, primary, answers, follows, dissents)                                            \
	"'" host "':{'health':{'primary':'" primary "','secondary':'up'},'answers':" answers       \
	",'since':'2025-12-31T23:59:30Z','follows':" follows ",'dissents':[" dissents "]}"
#define AGREES(host) SAYS(host, "down", "'secondary'", "true", "")
#define SEES(host) SAYS(host, "up", "'secondary'", "true", "'primary'")
#define STRAYS(host) SAYS(host, "down", "'primary'", "false", "")
#define THREE                                                                                      \
	HOST("db-1", "fra-1", "false")                                                             \
	"," HOST("db-2", "fra-1", "false") "," HOST("db-3", "lon-1", "true")

/* JSON is written with ' for ". */
static json_t *parsed(const char *text)
{
	char *copy = strdup(text);
	json_t *json;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	json = json_loads(copy, JSON_DECODE_ANY, NULL);
	assert_non_null(json);
	free(copy);
	return json;
}

static char *printed(const char *text, size_t width, bool colours)
{
	const struct status_table_style style = { .width = width, .colours = colours, .now = NOW };
	json_t *fleet = parsed(text);
	char *printed = NULL;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	fleet_table_print(fleet, &style, out);
	fclose(out);
	json_decref(fleet);
	return printed;
}

static void the_tables(void **state)
{
	static const char expected[] =
	        "In the fleet /shunt/prod for 2h 5m: 3 hosts at 2 sites. This host is db-1 at "
	        "fra-1.\n"
	        "\n"
	        "NAME            ANSWER     HOSTS  DOWN IF                    ORDER\n"
	        "    ENDPOINT   HEALTH  DOWN          UP  UNKNOWN\n"
	        "db.example.com  secondary  3      more than 50%, at 2 sites  -\n"
	        "  - primary    down    2 at 2 sites  1   0\n"
	        "  * secondary  up      0             3   0\n"
	        "\n"
	        "HOST  SITE   VERSION  SINCE  DISAGREES\n"
	        "db-1  fra-1  1.0.0    -      -\n"
	        "db-2  fra-1  1.0.0    30s    db.example.com: says primary is up\n"
	        "db-3  lon-1  1.0.0    30s    isolated: it does not vote; db.example.com: answers "
	        "primary\n";
	char *text = printed(FLEET("synced", "null",
	                           RECORD("db.example.com", "quorum", "null",
	                                  AGREES("db-1") "," SEES("db-2") "," STRAYS("db-3")),
	                           THREE),
	                     100, false);

	(void)state;
	assert_string_equal(text, expected);
	free(text);
}

/* A part of what is printed, in a window that has room. */
static const struct {
	const char *fleet, *words;
} cases[] = {
	{ FLEET("lost", "'https://10.0.0.1:2379: connection refused'", "",
	        HOST("db-1", "fra-1", "false")),
	  "Without the fleet /shunt/prod for 2h 5m: 1 host at 1 site. This host is db-1 at "
	  "fra-1.\n"
	  "etcd: https://10.0.0.1:2379: connection refused. What follows was known before.\n" },
	{ FLEET("joining", "null", "", ""), "Joining the fleet /shunt/prod for 2h 5m: 0 hosts" },
	{ FLEET("synced", "'another host is called db-1'", "", ""),
	  "etcd: another host is called db-1.\n" },
	{ FLEET("synced", "null", RECORD("a", "unanimous", "null", ""), ""),
	  "all, at 2 sites  -\n" },
	{ FLEET("synced", "null", RECORD("a", "quorum", ORDER("null"), ""), ""),
	  "secondary by root@db-7 until 2026-01-01T01:00:00Z: disk\n" },
	{ FLEET("synced", "null", RECORD("a", "quorum", ORDER("['db-1','db-2']"), ""), ""),
	  "until 2026-01-01T01:00:00Z, for 2 hosts: disk\n" },
	{ FLEET("synced", "null",
	        RECORD("a", "quorum", "null", SAYS("db-1", "down", "null", "false", "'primary'")),
	        HOST("db-1", "fra-1", "false")),
	  "a: answers with nothing; a: says primary is down\n" },
	{ FLEET("synced", "null", "", HOST("db-\\u001b[31m", "fra-1", "false")), "db-?[31m" },
	{ "{}", "Not yet in the fleet" },
	{ "{'hosts':[7,null,{},{'name':'a'}],'records':[7,{'endpoints':[7],'hosts':{'a':7}}]}",
	  "HOST" },
};

static void the_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = printed(cases[i].fleet, 160, false);

		if (!strstr(text, cases[i].words))
			print_error("no \"%s\" in:\n%s", cases[i].words, text);
		assert_non_null(strstr(text, cases[i].words));
		assert_null(strchr(text, '\033'));
		free(text);
	}
}

/* Nothing is wider than the window, and nothing is lost in a narrow one. */
static void a_narrow_window(void **state)
{
	static const char fleet[] =
	        FLEET("synced", "null",
	              RECORD("db.example.com", "quorum", ORDER("['db-1']"), STRAYS("db-1")),
	              HOST("db-1", "fra-1", "true"));
	char *text = printed(fleet, 80, true);

	(void)state;
	assert_non_null(strstr(text, "\033[33m"));
	assert_non_null(strstr(text, "\033[31mdown\033[0m"));
	free(text);
	text = printed(fleet, 80, false);
	for (char *line = strtok(strchr(text, '\n'), "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 0, 80);
	free(text);
}

static void the_verdict(void **state)
{
	static const struct {
		const char *fleet;
		int verdict;
	} verdicts[] = {
		{ FLEET("synced", "null", "", ""), CLI_DONE },
		{ FLEET("synced", "null", RECORD("a", "quorum", "null", SEES("db-1")), THREE),
		  CLI_DONE },
		{ FLEET("synced", "null",
		        RECORD("a", "quorum", "null", AGREES("db-1") "," STRAYS("db-2")), THREE),
		  CLI_ELSEWHERE },
		{ FLEET("lost", "'x'", RECORD("a", "quorum", "null", STRAYS("db-2")), THREE),
		  CLI_UNHEALTHY },
		{ FLEET("joining", "null", "", ""), CLI_UNHEALTHY },
		{ FLEET("off", "null", "", ""), CLI_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		json_t *fleet = parsed(verdicts[i].fleet);

		assert_int_equal(fleet_table_verdict(fleet), verdicts[i].verdict);
		json_decref(fleet);
	}
}

static void an_order_is_followed(void **state)
{
	static const struct {
		const char *order, *view, *hosts;
		bool followed;
	} orders[] = {
		{ ORDER("null"), ORDER("null"), AGREES("db-1"), true },
		{ ORDER("null"), "null", AGREES("db-1"), false },
		{ ORDER("null"), ORDER("['db-1']"), AGREES("db-1"), false },
		{ ORDER("null"), ORDER("null"), AGREES("db-1") "," STRAYS("db-2"), false },
		{ ORDER("['db-1']"), ORDER("['db-1']"), AGREES("db-1") "," STRAYS("db-2"), true },
		{ ORDER("['db-2']"), ORDER("['db-2']"), AGREES("db-1") "," STRAYS("db-2"), false },
		{ "null", "null", AGREES("db-1"), true },
		{ "null", ORDER("null"), AGREES("db-1"), false },
		/* a second later, as etcd's host sees it */
		{ ORDER("null"),
		  "{'endpoint':'secondary','by':'root@db-7','reason':'disk','since':'2025-12-31T23:"
		  "00:01Z','until':null,'hosts':null}",
		  AGREES("db-1"), true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		char text[4096];
		json_t *fleet, *order = parsed(orders[i].order);

		snprintf(text, sizeof(text),
		         FLEET("synced", "null", "{'order':%s,'hosts':{%s}}", ""), orders[i].view,
		         orders[i].hosts);
		fleet = parsed(text);
		assert_int_equal(fleet_order_is_followed(fleet, order), orders[i].followed);
		json_decref(fleet);
		json_decref(order);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables),           cmocka_unit_test(the_words),
		cmocka_unit_test(a_narrow_window),      cmocka_unit_test(the_verdict),
		cmocka_unit_test(an_order_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
