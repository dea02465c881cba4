/*
 * What may be reset is what the daemon would ask for: the helper's reading of a configuration is held
 * to the daemon's. The files have to belong to root: elsewhere the tests are skipped.
 */
#include "serve/allow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[] = "/tmp/shunt-allow-XXXXXX";

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(name, 0644), 0);
}

static char root[1024]; /* of the sources */

static int setup(void **state)
{
	(void)state;
	return getcwd(root, sizeof(root)) && mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	unlink("t.conf");
	unlink("more.conf");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static struct allow *load(const char *path)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct allow *allow;

	if (geteuid() != 0)
		skip();
	allow = allow_load(path, error);
	if (!allow)
		fail_msg("%s", error);
	return allow;
}

/* Everything that the daemon's reader knows of a record is allowed; returns how much that is. */
static size_t compare_record(const struct allow *allow, const struct record_config *record)
{
	size_t count = 0;

	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct endpoint_config *endpoint = &record->endpoints[i];

		for (size_t k = 0; k < endpoint->source_count; k++) {
			for (size_t p = 0; p < record->port_count && !endpoint->sources[k].name;
			     p++) {
				assert_true(allow_reset(allow, &endpoint->sources[k].address,
				                        record->ports[p]));
				count++;
			}
		}
	}
	return count;
}

static size_t compare(const char *path)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = config_load(path, error);
	struct allow *allow = load(path);
	size_t count = 0;

	if (!config)
		fail_msg("%s", error);
	for (size_t i = 0; i < config->record_count; i++)
		count += compare_record(allow, &config->records[i]);
	allow_free(allow);
	config_free(config);
	return count;
}

static const char everything[] = "reset_rate = 5;\n"
                                 "checks: { web: { type = \"https\"; }; old: { type = \"http\"; };"
                                 " db: { type = \"tcp\"; port = 5432; };"
                                 " all: { type = \"calculated\"; of = [ \"web\", \"two\" ]; };"
                                 " two: { type = \"calculated\"; of = ( \"old\", \"db\" ); }; };\n"
                                 "@include \"more.conf\"\n";
static const char more[] =
        "records: ("
        " { name = \"a\"; primary: { address = \"192.0.2.1\"; check = \"all\"; }; },"
        " { name = \"b\"; primary: { addresses = [ \"192.0.2.2\", \"2001:db8::2\" ]; };"
        "   secondary: ( { address = \"192.0.2.3\"; check: { type = \"tls\"; port = 853; }; },"
        "                { address = \"192.0.2.4\"; check = \"web\"; } ); },"
        " { name = \"c\"; ports = ( 9, 10 ); primary: { address = \"192.0.2.5\"; check = \"db\"; "
        "}; },"
        " { name = \"d\"; primary: { address = \"192.0.2.6\"; }; } );";

static bool may(const struct allow *allow, const char *text, uint16_t port)
{
	struct address address;

	assert_true(address_parse(text, &address));
	return allow_reset(allow, &address, port);
}

static bool leads(const struct allow *allow, const char *from, const char *to, uint16_t port,
                  size_t *hint)
{
	struct address one, other;

	assert_true(address_parse(from, &one) && address_parse(to, &other));
	return allow_lead(allow, &one, &other, port, hint);
}

/* From one address of a record to another, on a port of it; wherever the search begins. */
static void leads_within_a_record(void **state)
{
	static const struct {
		const char *from, *to;
		uint16_t port;
		bool may;
	} rows[] = {
		{ "192.0.2.2", "192.0.2.3", 443, true },
		{ "192.0.2.3", "192.0.2.2", 853, true },
		{ "192.0.2.2", "192.0.2.3", 80, false },
		{ "192.0.2.1", "192.0.2.2", 443, false },
		{ "192.0.2.2", "192.0.2.99", 443, false },
		{ "192.0.2.99", "192.0.2.2", 443, false },
		{ "192.0.2.5", "192.0.2.5", 9, true },
	};
	struct allow *allow;

	(void)state;
	write_file("t.conf", everything);
	write_file("more.conf", more);
	allow = load("t.conf");
	for (size_t i = 0; i < 4 * COUNT(rows); i++) {
		size_t hint = i / COUNT(rows);

		assert_int_equal(leads(allow, rows[i % COUNT(rows)].from, rows[i % COUNT(rows)].to,
		                       rows[i % COUNT(rows)].port, &hint),
		                 rows[i % COUNT(rows)].may);
		assert_true(hint < 4);
	}
	allow_free(allow);
}

/* Connections to an address that is written in its mapped form are those of the IPv4 address. */
static void mapped(void **state)
{
	struct allow *allow;
	size_t hint = 0;

	(void)state;
	write_file("t.conf", "records: ( { name = \"m\"; ports = [ 7 ];"
	                     " primary: { address = \"::ffff:192.0.2.7\"; };"
	                     " secondary: { address = \"192.0.2.8\"; }; } );");
	allow = load("t.conf");
	assert_true(may(allow, "192.0.2.7", 7));
	assert_false(may(allow, "192.0.2.9", 7));
	assert_true(leads(allow, "192.0.2.7", "192.0.2.8", 7, &hint));
	assert_true(leads(allow, "192.0.2.8", "192.0.2.7", 7, &hint));
	allow_free(allow);
}

static void doors(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		uint32_t stale_limit;
	} rows[] = {
		{ "", 0, 600000 },
		{ "door = { cgroup = \"/a\"; };", 1, 600000 },
		{ "door = ( { cgroup = \"/a\"; }, { cgroup = \"/b/c\"; } ); stale_limit = \"5s\";",
		  2, 5000 },
		{ "door = ( { cgroup = \"/\"; }, { cgroup = \"b\"; }, { cgroup = \"/b/../c\"; }, { "
		  "}, "
		  "{ cgroup = 1; }, 5 ); stale_limit = 5;",
		  0, 600000 },
		{ "door = \"/a\"; stale_limit = \"5 s\";", 0, 600000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct allow *allow;

		write_file("t.conf", rows[i].text);
		allow = load("t.conf");
		assert_int_equal(allow_door_count(allow), rows[i].count);
		assert_int_equal(allow_stale_limit(allow), rows[i].stale_limit);
		if (rows[i].count > 0)
			assert_string_equal(allow_door(allow, 0), "/a");
		allow_free(allow);
	}
}

static void as_the_daemon_reads_it(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		bool may;
	} rows[] = {
		{ "192.0.2.1", 443, true },         { "192.0.2.1", 80, true },
		{ "192.0.2.1", 5432, true },        { "192.0.2.1", 853, false },
		{ "192.0.2.2", 443, true },         { "2001:db8::2", 853, true },
		{ "192.0.2.3", 443, true },         { "192.0.2.2", 80, false },
		{ "192.0.2.5", 9, true },           { "192.0.2.5", 5432, false },
		{ "192.0.2.6", 80, false },         { "192.0.2.7", 443, false },
		{ "::ffff:192.0.2.1", 443, false }, { "192.0.2.1", 0, false },
	};
	struct allow *allow;

	(void)state;
	write_file("t.conf", everything);
	write_file("more.conf", more);
	/* The option of this name is the helper's alone here. */
	allow = load("t.conf");
	assert_int_equal(allow_rate(allow), 5);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(may(allow, rows[i].address, rows[i].port), rows[i].may);
	allow_free(allow);
	write_file("t.conf", strchr(everything, '\n'));
	assert_int_equal(compare("t.conf"), 3 + 4 * 2 + 2);
}

/* A copy, since the sources may be anybody's. */
static void copy(const char *name)
{
	char path[sizeof(root) + 64], text[65536];
	FILE *file;
	size_t length;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "r");
	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	write_file("t.conf", text);
}

static void shipped_files(void **state)
{
	static const char *const names[] = { "conf/examples/web.conf",
		                             "conf/examples/database.conf" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		copy(names[i]);
		assert_true(compare("t.conf") > 0);
	}
}

/* What no daemon would load: nothing to reset, and no crash. */
static void wrong_kinds(void **state)
{
	static const char *const texts[] = {
		"",
		"records = 5;",
		"records = \"x\"; checks = 1; reset_rate = \"x\";",
		"records: ( 1, \"a\", ( ), { }, { primary = 1; secondary = \"x\"; ports = \"x\"; } "
		");",
		"records: ( { ports = [ \"a\" ]; primary: { address = 1; check = 5; }; } );",
		"records: { primary: { address = \"192.0.2.1\"; addresses = 3; check = \"none\"; "
		"}; };",
		"checks: { a: { type = \"calculated\"; of = [ \"a\" ]; }; }; records: ( { primary: "
		"{ "
		"address = \"192.0.2.1\"; check = \"a\"; }; } ); reset_rate = 0;",
		"records: ( { ports = [ 0, 65536, -1, 70000 ]; primary: { address = \"192.0.2.1\"; "
		"}; } ); "
		"reset_rate = -5;",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct allow *allow;

		write_file("t.conf", texts[i]);
		allow = load("t.conf");
		for (uint32_t port = 0; port <= 65535; port++)
			assert_false(may(allow, "192.0.2.1", (uint16_t)port));
		assert_int_equal(allow_rate(allow), 1000);
		allow_free(allow);
	}
}

/* A name can have any address, and so allows all; an address that does not belong here does not. */
static void what_is_a_name(void **state)
{
	static const struct {
		const char *address;
		bool any;
	} rows[] = {
		{ "b.example", true },
		{ "b", true },
		{ "fe80::1%nowhere0", false },
		{ "192.0.2.256", false },
		{ "192.0.2.1/24", false },
		{ "2001:db8::1::2", false },
		{ "[2001:db8::1]", false },
		{ "a b", false },
		{ "", false },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct allow *allow;

		snprintf(text, sizeof(text),
		         "records: ( { ports = [ 80 ]; primary: { address = \"%s\"; }; } );",
		         rows[i].address);
		write_file("t.conf", text);
		allow = load("t.conf");
		if (may(allow, "198.51.100.7", 80) != rows[i].any)
			fail_msg("%s", rows[i].address);
		allow_free(allow);
	}
}

static void cannot_be_read(void **state)
{
	char error[CONFIG_ERROR_MAX];

	(void)state;
	assert_null(allow_load("none.conf", error));
	assert_non_null(strstr(error, "none.conf"));
	write_file("t.conf", "records = (");
	assert_null(allow_load("t.conf", error));
	assert_int_equal(chmod("t.conf", 0666), 0);
	assert_null(allow_load("t.conf", error));
	assert_non_null(strstr(error, geteuid() ? "root" : "chmod go-w"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_daemon_reads_it),
		cmocka_unit_test(leads_within_a_record),
		cmocka_unit_test(mapped),
		cmocka_unit_test(doors),
		cmocka_unit_test(shipped_files),
		cmocka_unit_test(wrong_kinds),
		cmocka_unit_test(what_is_a_name),
		cmocka_unit_test(cannot_be_read),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
