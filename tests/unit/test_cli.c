/* The command's pure parts: options, words, tables, what status says and how it ends, what a program is given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/drill.h"
#include "cli/options.h"
#include "cli/places.h"
#include "cli/preload.h"
#include "cli/program.h"
#include "cli/status.h"
#include "cli/words.h"

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
	char text[WORDS_TIME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(words_duration(cases[i].seconds, text), cases[i].words);
}

static void times_are_utc_or_nothing(void **state)
{
	(void)state;
	assert_int_equal(words_time("1970-01-02T00:00:01Z"), 86401);
	assert_int_equal(words_time("2026-11-23T05:34:00Z"), 1795412040);
	assert_int_equal(words_time("2026-11-23 05:34:00"), -1);
	assert_int_equal(words_time("2026-11-23T05:34:00Zx"), -1);
	assert_int_equal(words_time(""), -1);
	assert_int_equal(words_time(NULL), -1);
}

static void latencies_are_short(void **state)
{
	static const struct {
		double ms;
		const char *words;
	} cases[] = { { 0.04, "0.0 ms" },  { 1.26, "1.3 ms" }, { 9.96, "10 ms" },
		      { 999.4, "999 ms" }, { 999.6, "1.0 s" }, { 12345, "12.3 s" },
		      { -1, "-" },         { 1e300, "-" } };
	char text[WORDS_TIME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(words_latency(cases[i].ms, text), cases[i].words);
}

static void foreign_text_is_made_printable(void **state)
{
	char text[] = "a\033[31mb\n\t\x7f\xc3\xa9 ~";

	(void)state;
	assert_false(words_are_printable(text));
	assert_string_equal(words_printable(text), "a?[31mb????? ~");
	assert_true(words_are_printable(text));
	assert_true(words_are_printable(""));
}

static void the_nearest_word_is_near(void **state)
{
	static const char *const words[] = { "run", "status", "resolve", "help" };
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{ "statsu", "status" }, { "stat", "status" },
		{ "rnu", "run" },       { "resolv", "resolve" },
		{ "hepl", "help" },     { "force", NULL },
		{ "xyzzy", NULL },      { "sesolvent", "resolve" },
		{ "Status", "status" }, { "r-e-s-o-l-v-e-and-thirty-characters-more", NULL }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *nearest = words_nearest(cases[i].word, words, COUNT(words));

		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
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

/* --- status ------------------------------------------------------------------------------------- */

#define ENDPOINT(id, health, address)                                                              \
	"{\"id\":\"" id "\",\"health\":\"" health "\",\"check\":\"http\",\"error\":null,"          \
	"\"addresses\":[{\"address\":\"" address "\",\"health\":\"" health "\","                   \
	"\"last_error\":null,\"latency_ms\":1.5}]}"

/* It has failed since the probe that passed. */
#define FAILED(id, address)                                                                        \
	"{\"id\":\"" id "\",\"health\":\"down\",\"check\":\"http\",\"error\":null,"                \
	"\"addresses\":[{\"address\":\"" address "\",\"health\":\"down\","                         \
	"\"last_error\":\"refused\",\"latency_ms\":1.5}]}"

/* Its name does not resolve. */
#define LOST(id, health)                                                                           \
	"{\"id\":\"" id "\",\"health\":\"" health "\",\"error\":\"no such "                        \
	"name\",\"addresses\":[]}"

#define RECORD_OF(name, active, endpoints)                                                         \
	"{\"name\":\"" name "\",\"active\":" active ",\"answer\":[\"192.0.2.1\"],"                 \
	"\"reason\":\"because\",\"since\":\"2026-01-01T00:00:00Z\",\"endpoints\":[" endpoints "]}"

#define NOTHING(all_down)                                                                          \
	"{\"name\":\"n\",\"active\":null,\"answer\":[],\"reason\":\"r\",\"all_down\":\"" all_down  \
	"\","                                                                                      \
	"\"endpoints\":[]}"

#define RECORD(name, active, a, b)                                                                 \
	"{\"name\":\"" name "\",\"aliases\":[\"Short\"],\"active\":" active                        \
	",\"answer\":[\"192.0.2.1\"],\"reason\":\"because\",\"since\":\"2026-01-01T00:00:00Z\","   \
	"\"endpoints\":[" ENDPOINT("primary", a, "192.0.2.1") "," ENDPOINT("secondary", b,         \
	                                                                   "192.0.2.2") "]}"

#define STATUS(records) "{\"settled\":true,\"pid\":1,\"records\":[" records "]}"

#define GOOD RECORD("good.example.com", "\"primary\"", "up", "up")
#define MOVED RECORD("moved.example.com", "\"secondary\"", "down", "up")
#define DEAD RECORD("dead.example.com", "\"primary\"", "down", "down")

static json_t *parsed(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

static void the_verdict_is_the_worst(void **state)
{
	static const struct {
		const char *status;
		int verdict;
	} cases[] = {
		{ STATUS(""), CLI_DONE },
		{ STATUS(GOOD), CLI_DONE },
		{ STATUS(RECORD("n", "\"primary\"", "unknown", "unknown")), CLI_DONE },
		{ STATUS(RECORD("n", "\"primary\"", "up", "down")), CLI_DONE },
		{ STATUS(GOOD "," MOVED), CLI_ELSEWHERE },
		{ STATUS(RECORD("n", "null", "unknown", "down")), CLI_ELSEWHERE },
		{ STATUS(RECORD("n", "null", "down", "down")), CLI_UNHEALTHY },
		{ STATUS(DEAD "," MOVED "," GOOD), CLI_UNHEALTHY },
		{ STATUS(RECORD_OF("n", "null", LOST("a", "unknown"))), CLI_UNHEALTHY },
		{ STATUS(RECORD_OF("n", "\"a\"", FAILED("a", "::1") "," LOST("b", "unknown"))),
		  CLI_UNHEALTHY },
		{ STATUS(RECORD_OF("n", "\"b\"",
		                   LOST("a", "unknown") "," ENDPOINT("b", "unknown", "::1"))),
		  CLI_ELSEWHERE },
		{ "{}", CLI_DONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *status = parsed(cases[i].status);

		assert_int_equal(status_verdict(status), cases[i].verdict);
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
	json_t *status = parsed(STATUS(MOVED)), *only;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(status_find(status, cases[i].name) != NULL, cases[i].found);
	only = status_only(status, status_find(status, "short"));
	assert_int_equal(json_array_size(json_object_get(only, "records")), 1);
	assert_int_equal(json_integer_value(json_object_get(only, "pid")), 1);
	json_decref(only);
	json_decref(status);
}

static char *printed(const char *text)
{
	const struct status_style style = { .width = 80, .now = 1767225600 + 7500 };
	json_t *status = parsed(text);
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);

	assert_non_null(stream);
	status_print(status, &style, stream);
	fclose(stream);
	json_decref(status);
	return out;
}

static void the_table_is_as_documented(void **state)
{
	char *out = printed(STATUS(GOOD "," RECORD_OF(
	        "moved.example.com", "\"secondary\"",
	        FAILED("primary", "192.0.2.1") "," ENDPOINT("secondary", "up", "192.0.2.2"))));

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

/* Where no endpoint answers, all_down tells what does. */
static void no_answer_says_what_happens(void **state)
{
	static const struct {
		const char *status, *answer;
	} cases[] = {
		{ STATUS(NOTHING("dns")), "\nn     (DNS) " },
		{ STATUS(NOTHING("fail")), "\nn     (fails) " },
		{ STATUS(NOTHING("primary")), "\nn     (fails) " },
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
	                              "\"primary\"", "up", "up")));

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
		STATUS("{\"name\":\"" LONG_NAME "\",\"active\":\"" LABEL
		       "\",\"answer\":[\"" LONG_ADDRESS
		       "\",\"192.0.2.7\"],\"reason\":\"" LONG_REASON
		       "\",\"since\":\"1999-01-01T00:00:00Z\","
		       "\"endpoints\":[{\"id\":\"" LABEL
		       "\",\"health\":\"unknown\",\"error\":\"" LONG_REASON
		       "\",\"addresses\":[{\"address\":\"" LONG_ADDRESS
		       "\",\"health\":\"unknown\",\"last_error\":\"" LONG_REASON LABEL LABEL
		       "\"}]}]}"),
		STATUS(GOOD ",{\"name\":\"" LONG_NAME
		            "\",\"active\":\"x\",\"answer\":[\"192.0.2.7\"],"
		            "\"reason\":\"" LONG_REASON "\",\"endpoints\":[]}"),
		STATUS(GOOD ",{\"name\":\"middle-sized-name.example.com\",\"active\":\"x\","
		            "\"answer\":[\"" LONG_ADDRESS
		            "\",\"192.0.2.7\"],\"reason\":\"" LONG_REASON "\"}"),
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

/* What is not of the documented shape is shown as far as it goes, and never a crash. */
static void odd_answers_are_survived(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{\"records\":7}",
		"{\"records\":[7,null,{},{\"name\":7,\"endpoints\":[7,{\"addresses\":[7]}]}]}",
		"{\"records\":[{\"name\":\"\",\"answer\":[7],\"since\":\"x\",\"endpoints\":{}}]}",
		"{\"records\":[{\"name\":\"a\\u001b[2Jb\",\"reason\":\"\\u009b\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *out = printed(cases[i]);
		json_t *status = parsed(cases[i]);

		assert_null(strchr(out, '\033'));
		assert_null(strstr(out, "\xc2"));
		status_verdict(status);
		assert_null(status_find(status, "nope"));
		json_decref(status);
		free(out);
	}
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
		cmocka_unit_test(the_nearest_word_is_near),
		cmocka_unit_test(options_are_read),
		cmocka_unit_test(a_repeated_option_keeps_every_value),
		cmocka_unit_test(forced_endpoints_are_well_formed),
		cmocka_unit_test(the_verdict_is_the_worst),
		cmocka_unit_test(a_record_is_found_by_any_of_its_names),
		cmocka_unit_test(the_table_is_as_documented),
		cmocka_unit_test(no_answer_says_what_happens),
		cmocka_unit_test(a_long_name_makes_room),
		cmocka_unit_test(nothing_breaks_eighty_columns),
		cmocka_unit_test(odd_answers_are_survived),
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
