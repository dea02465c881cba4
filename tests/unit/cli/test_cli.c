/* The command's pure parts: options, words, what a program is given. */
#include <stdarg.h>
#include <stddef.h>

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/base/cli.h"
#include "cli/base/human.h"
#include "cli/base/options.h"
#include "cli/program/drill.h"
#include "cli/program/places.h"
#include "cli/program/preload.h"
#include "cli/program/program.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- words -------------------------------------------------------------------------------------- */

static void durations_have_two_units(void **state)
{
	static const struct {
		long long seconds;
		const char *words;
	} cases[] = {
		{ -5, "0s" },        { 0, "0s" },           { 59, "59s" },     { 60, "1m" },
		{ 303, "5m 3s" },    { 3600, "1h" },        { 7500, "2h 5m" }, { 86399, "23h 59m" },
		{ 273600, "3d 4h" }, { 259200 + 59, "3d" }, { 3601, "1h" },
	};
	char text[HUMAN_TIME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(human_duration(cases[i].seconds, text), cases[i].words);
}

static void times_are_utc_or_nothing(void **state)
{
	(void)state;
	assert_int_equal(human_read_time("1970-01-02T00:00:01Z"), 86401);
	assert_int_equal(human_read_time("2026-11-23T05:34:00Z"), 1795412040);
	assert_int_equal(human_read_time("2026-11-23 05:34:00"), -1);
	assert_int_equal(human_read_time("2026-11-23T05:34:00Zx"), -1);
	assert_int_equal(human_read_time(""), -1);
	assert_int_equal(human_read_time(NULL), -1);
}

static void latencies_are_short(void **state)
{
	static const struct {
		double ms;
		const char *words;
	} cases[] = { { 0.04, "0.0 ms" },  { 1.26, "1.3 ms" }, { 9.96, "10 ms" },
		      { 999.4, "999 ms" }, { 999.6, "1.0 s" }, { 12345, "12.3 s" },
		      { -1, "-" },         { 1e300, "-" } };
	char text[HUMAN_TIME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(human_latency(cases[i].ms, text), cases[i].words);
}

static void foreign_text_is_made_printable(void **state)
{
	char text[] = "a\033[31mb\n\t\x7f\xc3\xa9 ~";

	(void)state;
	assert_string_equal(human_printable(text), "a?[31mb????? ~");
}

/* --- options ------------------------------------------------------------------------------------ */

#define ARGUMENTS_MAX 8

static void options_are_read(void **state)
{
	static const struct {
		const char *arguments[ARGUMENTS_MAX];
		bool first_ends, good, flag;
		const char *value;
		const char *operands[ARGUMENTS_MAX];
	} cases[] = {
		{ { "x" }, false, true, false, NULL, { NULL } },
		{ { "x", "a", "-f", "b" }, false, true, true, NULL, { "a", "b" } },
		{ { "x", "a", "--value", "v", "b" }, false, true, false, "v", { "a", "b" } },
		{ { "x", "--value=v=w", "--flag" }, false, true, true, "v=w", { NULL } },
		{ { "x", "-fvw", "a" }, false, true, true, "w", { "a" } },
		{ { "x", "-v", "--", "--", "-f" }, false, true, false, "--", { "-f" } },
		{ { "x", "a", "--", "-f" }, false, true, false, NULL, { "a", "-f" } },
		{ { "x", "-f", "a", "-v", "b" }, true, true, true, NULL, { "a", "-v", "b" } },
		{ { "x", "a", "--", "b" }, true, true, false, NULL, { "a", "--", "b" } },
		{ { "x", "-f", "--", "-a" }, true, true, true, NULL, { "-a" } },
		{ { "x", "-" }, false, true, false, NULL, { "-" } },
		{ { "x", "--value" }, false, false, false, NULL, { NULL } },
		{ { "x", "--value=" }, false, false, false, NULL, { NULL } },
		{ { "x", "--flag=1" }, false, false, true, NULL, { NULL } },
		{ { "x", "--fla" }, false, false, false, NULL, { NULL } },
		{ { "x", "-q" }, false, false, false, NULL, { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *value = NULL;
		bool flag = false;
		const struct option_row rows[] = { { 'v', "value", &value, NULL },
			                           { 'f', "flag", NULL, &flag },
			                           { 0 } };
		char *argv[ARGUMENTS_MAX + 1] = { NULL };
		struct operands operands = { 0 };
		int argc = 0;

		for (; cases[i].arguments[argc]; argc++)
			argv[argc] = (char *)cases[i].arguments[argc];
		assert_int_equal(
		        options_parse("x", rows, cases[i].first_ends, argc, argv, &operands),
		        cases[i].good);
		if (!cases[i].good)
			continue;
		assert_int_equal(flag, cases[i].flag);
		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
		else
			assert_null(value);
		for (int j = 0; j < operands.count; j++)
			assert_string_equal(operands.list[j], cases[i].operands[j]);
		assert_null(cases[i].operands[operands.count]);
		assert_null(operands.list[operands.count]);
	}
}

static void a_repeated_option_keeps_every_value(void **state)
{
	char *argv[] = {
		"x", "-f", "--many", "a", "--value=b", "--many=c", "d", "--many", "e", NULL
	};
	const char *many[9] = { NULL }, *value = NULL;
	bool given = false, flag = false;
	const struct option_row rows[] = { { 'v', "value", &value, NULL },
		                           { 'f', "flag", NULL, &flag },
		                           { 0, "many", many, &given },
		                           { 0 } };
	struct operands operands;

	(void)state;
	assert_true(options_parse("x", rows, true, 9, argv, &operands));
	assert_true(given && flag);
	assert_string_equal(value, "b");
	assert_string_equal(many[0], "a");
	assert_string_equal(many[1], "c");
	assert_null(many[2]);
	assert_int_equal(operands.count, 3);
}

static void forced_endpoints_are_well_formed(void **state)
{
	static const struct {
		const char *value;
		bool good;
	} cases[] = {
		{ "a=b", true },   { " a = b , c=d ", true }, { "a.=b", true }, { "a=b=c", false },
		{ "a", false },    { "=b", false },           { "a=", false },  { "a=b,", false },
		{ ",a=b", false }, { " = ", false },          { "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(drill_is_formed(cases[i].value), cases[i].good);
}

/* --- run ---------------------------------------------------------------------------------------- */

static void an_existing_preload_is_kept(void **state)
{
	static const struct {
		const char *old, *list;
	} cases[] = {
		{ NULL, "/s" },
		{ "", "/s" },
		{ "/a.so", "/s:/a.so" },
		{ "/a.so /b.so", "/s:/a.so /b.so" },
		{ "/x/libasan.so.8:/a.so", "/x/libasan.so.8:/a.so:/s" },
		{ "/a.so:/s", "/a.so:/s" },
		{ "/sx", "/s:/sx" },
		{ "/s /a.so", "/s /a.so" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *list = preload_list(cases[i].old, "/s");

		assert_string_equal(list, cases[i].list);
		free(list);
	}
}

static void an_existing_godebug_is_kept(void **state)
{
	static const struct {
		const char *old, *list;
	} cases[] = {
		{ NULL, "netdns=cgo" },
		{ "", "netdns=cgo" },
		{ "gctrace=1", "gctrace=1,netdns=cgo" },
		{ "netdns=go", "netdns=go" },
		{ "a=1,netdns=go+1,b=2", "a=1,netdns=go+1,b=2" },
		{ "xnetdns=go", "xnetdns=go,netdns=cgo" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *list = preload_godebug(cases[i].old);

		assert_string_equal(list, cases[i].list);
		free(list);
	}
}

/* A folder of its own for each test that needs one; the tests remove what they put there. */
static int make_folder(void **state)
{
	char *folder = strdup("/tmp/shunt-test-cli-XXXXXX");

	*state = folder;
	return folder && mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	rmdir(*state);
	free(*state);
	return 0;
}

static void write_file(const char *path, const void *data, size_t size, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void static_programs_are_beyond_reach(void **state)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
	} elf = { .header = { .e_ident = ELFMAG,
		              .e_phoff = sizeof(elf.header),
		              .e_phnum = 1,
		              .e_phentsize = sizeof(elf.segment) },
		  .segment = { .p_type = PT_INTERP } };
	char path[100];

	elf.header.e_ident[EI_CLASS] = ELFCLASS64;
	snprintf(path, sizeof(path), "%s/program", (char *)*state);
	write_file(path, &elf, sizeof(elf), 0755);
	assert_null(program_beyond_reach(path));
	elf.segment.p_type = PT_LOAD;
	write_file(path, &elf, sizeof(elf), 0755);
	assert_string_equal(program_beyond_reach(path), "it is statically linked");
	/* Cut short, or with headers that lie beyond the end: nothing is known, nothing is said. */
	write_file(path, &elf, 40, 0755);
	assert_null(program_beyond_reach(path));
	elf.header.e_phoff = UINT64_MAX - 3;
	write_file(path, &elf, sizeof(elf), 0755);
	assert_null(program_beyond_reach(path));
	write_file(path, "#!/bin/sh\n", 10, 0755);
	assert_null(program_beyond_reach(path));
	unlink(path);
	assert_null(program_beyond_reach(path));
}

static void programs_are_searched_like_execvp(void **state)
{
	char file[100], folder[100], path[PATH_MAX], list[300], *old = strdup(getenv("PATH"));

	snprintf(file, sizeof(file), "%s/tool", (char *)*state);
	snprintf(folder, sizeof(folder), "%s/folder", (char *)*state);
	snprintf(list, sizeof(list), "/nonexistent:%s:/tmp", (char *)*state);
	setenv("PATH", list, 1);
	assert_int_equal(program_find("tool", path), ENOENT);
	write_file(file, "", 0, 0644);
	assert_int_equal(program_find("tool", path), EACCES);
	write_file(file, "", 0, 0755);
	assert_int_equal(program_find("tool", path), 0);
	assert_string_equal(path, file);
	assert_int_equal(program_find(file, path), 0);
	assert_int_equal(program_find("", path), ENOENT);
	assert_int_equal(program_find(*state, path), EISDIR);
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(program_find("folder", path), EISDIR);
	assert_int_equal(rmdir(folder), 0);
	unlink(file);
	setenv("PATH", old, 1);
	free(old);
}

static void the_parts_are_found_in_both_layouts(void **state)
{
	static const char *const parts[] = { "bin", "bin/lib", ("bin/" SHUNT_LIB),
		                             "lib", SHUNT_LIB, "sbin" };
	char folder[200], self[200], library[300], expected[300];
	struct places places = { .library = "" };

	for (size_t i = 0; i < COUNT(parts); i++) {
		snprintf(folder, sizeof(folder), "%s/%s", (char *)*state, parts[i]);
		mkdir(folder, 0755);
	}
	snprintf(self, sizeof(self), "%s/bin/shunt", (char *)*state);
	assert_false(places_find_from(&places, self));
	for (size_t i = 0; i < 2; i++) {
		const char *below = i ? "bin/" : "";

		snprintf(library, sizeof(library), "%s/%s" SHUNT_LIB "/libshunt.so", (char *)*state,
		         below);
		write_file(library, "", 0, 0644);
		assert_true(places_find_from(&places, self));
		snprintf(expected, sizeof(expected), "%s%s/$LIB/libshunt.so", (char *)*state,
		         i ? "/bin" : "");
		assert_string_equal(places.library, expected);
		unlink(library);
		assert_false(places_find_daemon(&places));
		snprintf(expected, sizeof(expected), "%s/%s/shuntd", (char *)*state,
		         i ? "sbin" : "bin/.");
		write_file(expected, "", 0, 0755);
		assert_true(places_find_daemon(&places));
		assert_string_equal(places.daemon, expected);
		unlink(expected);
	}
	for (size_t i = COUNT(parts); i-- > 0;) {
		snprintf(folder, sizeof(folder), "%s/%s", (char *)*state, parts[i]);
		rmdir(folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_two_units),
		cmocka_unit_test(times_are_utc_or_nothing),
		cmocka_unit_test(latencies_are_short),
		cmocka_unit_test(foreign_text_is_made_printable),
		cmocka_unit_test(options_are_read),
		cmocka_unit_test(a_repeated_option_keeps_every_value),
		cmocka_unit_test(forced_endpoints_are_well_formed),
		cmocka_unit_test(an_existing_preload_is_kept),
		cmocka_unit_test(an_existing_godebug_is_kept),
		cmocka_unit_test_setup_teardown(static_programs_are_beyond_reach, make_folder,
		                                remove_folder),
		cmocka_unit_test_setup_teardown(programs_are_searched_like_execvp, make_folder,
		                                remove_folder),
		cmocka_unit_test_setup_teardown(the_parts_are_found_in_both_layouts, make_folder,
		                                remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
