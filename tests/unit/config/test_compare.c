/* What a reload says it changed: every option of a record and of an endpoint counts, what means the same does not. */
#include <stdarg.h>
#include <stddef.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/compare.h"
#include "daemon/config/load.h"
#include "daemon/config/options.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct config *load(const char *text)
{
	char path[] = "/tmp/test_compare.XXXXXX", error[CONFIG_ERROR_MAX];
	int fd = mkstemp(path);
	struct config *config;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	config = config_load(path, error);
	unlink(path);
	if (!config)
		print_error("%s\n", error);
	assert_non_null(config);
	return config;
}

static void told(void *arg, const struct record_config *before, const struct record_config *after)
{
	char *text = arg;

	if (!before)
		sprintf(text + strlen(text), " +%s", after->name);
	else if (!after)
		sprintf(text + strlen(text), " -%s", before->name);
	else
		sprintf(text + strlen(text), " %s", after->name);
}

/* " b +c -a": b is changed, c is new, a is gone. */
static void compare(const char *before, const char *after, const char *expected)
{
	struct config *old = load(before), *new = load(after);
	char text[1000] = "";

	config_compare(old, new, told, text);
	assert_string_equal(text, expected);
	config_free(old);
	config_free(new);
}

#define CHECKS "checks: { a: { type = \"tcp\"; port = 1; }; b: { type = \"tcp\"; port = 2; }; };"
#define RECORD(rest) CHECKS "records: ( { name = \"n\"; " rest " } );"
#define SCOPE(rest)                                                                                \
	"fleet = { etcd = [ \"https://a:1\" ]; prefix = \"/a\"; site = \"b\"; };" RECORD(          \
	        "primary: { address = \"192.0.2.1\"; };" rest)
#define PRIMARY(rest) RECORD("primary: { address = \"192.0.2.1\"; " rest " };")

/* For each option of a record and an endpoint two texts that differ in it alone. */
static const struct {
	const char *option, *before, *after;
} cases[] = {
	{ "name", PRIMARY(""),
	  CHECKS "records: ( { name = \"N\"; primary: { address = \"192.0.2.1\"; }; } );" },
	{ "aliases", PRIMARY(""),
	  RECORD("aliases = [ \"m\" ]; primary: { address = \"192.0.2.1\"; };") },
	{ "aliases", RECORD("aliases = [ \"l\" ]; primary: { address = \"192.0.2.1\"; };"),
	  RECORD("aliases = [ \"m\" ]; primary: { address = \"192.0.2.1\"; };") },
	{ "primary", PRIMARY(""), RECORD("primary: { address = \"192.0.2.2\"; };") },
	{ "secondary", PRIMARY(""),
	  RECORD("primary: { address = \"192.0.2.1\"; }; secondary: { address = \"192.0.2.2\"; "
	         "};") },
	{ "failback", PRIMARY(""),
	  RECORD("failback = \"manual\"; primary: { address = \"192.0.2.1\"; };") },
	{ "scope", SCOPE("scope = \"quorum\";"), SCOPE("scope = \"unanimous\";") },
	{ "share", SCOPE("scope = \"quorum\";"), SCOPE("scope = \"quorum\"; share = \"18%\";") },
	{ "sites", SCOPE("scope = \"quorum\";"), SCOPE("scope = \"quorum\"; sites = 2;") },
	{ "on_etcd_lost", SCOPE("scope = \"quorum\";"),
	  SCOPE("scope = \"quorum\"; on_etcd_lost = \"hold\";") },
	{ "stagger", SCOPE("scope = \"quorum\";"), SCOPE("scope = \"quorum\"; stagger = \"1s\";") },
	{ "failback_jitter", SCOPE(""), SCOPE("failback_jitter = \"1s\";") },
	{ "failback_delay", PRIMARY(""),
	  RECORD("failback_delay = \"5s\"; primary: { address = \"192.0.2.1\"; };") },
	{ "flap_penalty", PRIMARY(""),
	  RECORD("flap_penalty = \"5s\"; primary: { address = \"192.0.2.1\"; };") },
	{ "flap_window", PRIMARY(""),
	  RECORD("flap_window = \"5s\"; primary: { address = \"192.0.2.1\"; };") },
	{ "failback_max", PRIMARY(""),
	  RECORD("failback_max = \"5s\"; primary: { address = \"192.0.2.1\"; };") },
	{ "all_down", PRIMARY(""),
	  RECORD("all_down = \"hold\"; primary: { address = \"192.0.2.1\"; };") },
	{ "connect", PRIMARY(""),
	  RECORD("connect = \"retry\"; primary: { address = \"192.0.2.1\"; };") },
	{ "isolation", PRIMARY(""),
	  RECORD("isolation = \"off\"; primary: { address = \"192.0.2.1\"; };") },
	{ "ports", PRIMARY(""), RECORD("ports = [ 80 ]; primary: { address = \"192.0.2.1\"; };") },
	{ "ports", RECORD("ports = [ 81 ]; primary: { address = \"192.0.2.1\"; };"),
	  RECORD("ports = [ 80 ]; primary: { address = \"192.0.2.1\"; };") },
	{ "on_leave", RECORD("ports = [ 80 ]; primary: { address = \"192.0.2.1\"; };"),
	  RECORD("on_leave = \"reset\"; ports = [ 80 ]; primary: { address = \"192.0.2.1\"; };") },
	{ "on_return", RECORD("ports = [ 80 ]; primary: { address = \"192.0.2.1\"; };"),
	  RECORD("on_return = \"reset\"; ports = [ 80 ]; primary: { address = \"192.0.2.1\"; };") },
	{ "id", PRIMARY(""), PRIMARY("id = \"x\";") },
	{ "address", PRIMARY(""), RECORD("primary: { address = \"name.example\"; };") },
	{ "addresses", PRIMARY(""),
	  RECORD("primary: { addresses = [ \"192.0.2.1\", \"192.0.2.2\" ]; };") },
	{ "min_up", RECORD("primary: { address = \"name.example\"; };"),
	  RECORD("primary: { address = \"name.example\"; min_up = 2; };") },
	{ "check", PRIMARY(""), PRIMARY("check = \"a\";") },
	{ "check", PRIMARY("check = \"b\";"), PRIMARY("check = \"a\";") },
	{ "allow_local", PRIMARY(""), PRIMARY("allow_local = true;") },
	{ "family", PRIMARY(""), PRIMARY("family = \"ipv4\";") },
};

static void every_option_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		compare(cases[i].before, cases[i].after,
		        strcmp(cases[i].option, "name") ? " n" : " N");
}

static void every_option_has_a_case(void **state)
{
	(void)state;
	for (const struct config_option *option = config_options; option->name; option++) {
		bool found = !(option->scope & (SCOPE_RECORD | SCOPE_ENDPOINT));

		for (size_t i = 0; i < COUNT(cases) && !found; i++)
			found = strcmp(cases[i].option, option->name) == 0;
		if (!found)
			print_error("%s has no case\n", option->name);
		assert_true(found);
	}
}

static void what_means_the_same_is_the_same(void **state)
{
	static const char *const texts[] = {
		PRIMARY("check = \"a\";"),
		PRIMARY("check: { type = \"tcp\"; port = 1; };"),
		PRIMARY("id = \"primary\"; allow_local = false; check: { type = \"tcp\"; port = 1; "
		        "fall = 3; };"),
		RECORD("failback = \"auto\"; all_down = \"primary\"; aliases = [ ]; "
		       "primary: { addresses = [ \"192.0.2.1\" ]; check = \"a\"; };"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		compare(texts[0], texts[i], "");
}

#define NAMES(a, b, c)                                                                             \
	"records: ( { name = \"" a "\"; primary: { address = \"192.0.2.1\"; }; },"                 \
	" { name = \"" b "\"; primary: { address = \"192.0.2.1\"; }; },"                           \
	" { name = \"" c "\"; primary: { address = \"192.0.2.1\"; }; } );"

static void records_come_and_go(void **state)
{
	(void)state;
	compare(NAMES("a", "b", "c"), NAMES("c", "a", "b"), "");
	compare(NAMES("a", "b", "c"), NAMES("b", "c", "d"), " -a +d");
	compare(NAMES("a", "b", "c"), NAMES("x", "y", "z"), " -a -b -c +x +y +z");
	compare(NAMES("x", "y", "z"), NAMES("a", "b", "c"), " +a +b +c -x -y -z");
	compare(PRIMARY(""), NAMES("m", "n", "o"), " +m +o");
	compare(NAMES("m", "n", "o"), PRIMARY("allow_local = true;"), " -m n -o");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_counts),
		cmocka_unit_test(every_option_has_a_case),
		cmocka_unit_test(what_means_the_same_is_the_same),
		cmocka_unit_test(records_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
