/* What survives: the file in its folder and what is not believed, when it is written, and what its text says. */
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/event/event.h"
#include "daemon/state/file.h"
#include "daemon/state/format.h"
#include "daemon/state/state.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATIENCE_MS 60000u

static char story[2000];

void event_emit(const struct event_record *event)
{
	snprintf(story + strlen(story), sizeof(story) - strlen(story), "%s\n", event->reason);
}

/* --- a folder ------------------------------------------------------------------------------------ */

struct place {
	char top[40], path[60]; /* of the folder that is to hold the state */
};

static int begin(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	story[0] = '\0';
	strcpy(place->top, "/tmp/test_state.XXXXXX");
	*state = place;
	if (!mkdtemp(place->top))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/state", place->top);
	return 0;
}

static int end(void **state)
{
	struct place *place = *state;
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", place->top);
	free(place);
	return system(command);
}

static void in_folder(const struct place *place, const char *format)
{
	char command[400];

	snprintf(command, sizeof(command), "cd %s && { %s; }", place->path, format);
	assert_int_equal(system(command), 0);
}

static bool opens(const struct place *place, struct state_file *file, char *error)
{
	return state_file_open(file, place->path, geteuid(), getegid(), error, 300);
}

static void a_folder_is_made(void **state)
{
	const struct place *place = *state;
	struct state_file file, other;
	char error[300] = "";
	struct stat status;
	mode_t before = umask(0177);

	assert_true(opens(place, &file, error));
	umask(before);
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	/* Another daemon must not write there. */
	assert_false(opens(place, &other, error));
	assert_non_null(strstr(error, "another daemon uses it"));
	state_file_close(&file);
	assert_true(opens(place, &file, error));
	state_file_close(&file);
}

static void folders_that_are_refused(void **state)
{
	static const struct {
		const char *made_by, *error;
	} cases[] = {
		{ "mkdir -m 777 state", "others may write to it; chmod go-w it" },
		{ "mkdir -m 770 state", "others may write to it; chmod go-w it" },
		{ "touch state", "cannot open or make it: Not a directory" },
		{ "ln -s none/none state", "cannot open or make it: File exists" },
	};
	const struct place *place = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct state_file file;
		char error[300] = "", command[200];

		snprintf(command, sizeof(command), "cd %s && rm -rf state && %s", place->top,
		         cases[i].made_by);
		assert_int_equal(system(command), 0);
		assert_false(opens(place, &file, error));
		assert_memory_equal(error, cases[i].error, strlen(cases[i].error));
	}
	/* A link to a good one is the administrator's. */
	snprintf(story, sizeof(story),
	         "cd %s && rm -f state && mkdir -m 700 real && ln -s real state", place->top);
	assert_int_equal(system(story), 0);
	{
		struct state_file file;
		char error[300];

		assert_true(opens(place, &file, error));
		state_file_close(&file);
	}
}

/* --- the file ------------------------------------------------------------------------------------ */

static void what_is_written_is_read(void **state)
{
	const struct place *place = *state;
	struct state_file file;
	char error[300], *text;
	const char *why;
	size_t size;

	assert_true(opens(place, &file, error));
	assert_int_equal(state_file_read(&file, &text, &size, &why), 0);
	assert_int_equal(state_file_stamp(&file, "x", 1, 0), 0);
	in_folder(place, "mkfifo state.json.new");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(state_file_write(&file, "0123456789", 10), 0);
		assert_int_equal(state_file_stamp(&file, "xy", 2, 3), 0);
		assert_int_equal(state_file_read(&file, &text, &size, &why), 1);
		assert_int_equal(size, 10);
		assert_memory_equal(text, "012xy56789", 10);
		free(text);
	}
	in_folder(place, "[ $(ls) = state.json ] && [ $(stat -c %a state.json) = 600 ]");
	state_file_close(&file);
}

static void files_that_are_not_believed(void **state)
{
	static const struct {
		const char *made_by, *why;
	} cases[] = {
		{ "ln -s other state.json", "it is a link" },
		{ "mkdir state.json", "it is not a regular file" },
		{ "mkfifo -m 600 state.json", "it is not a regular file" },
		{ "echo hi >state.json; chmod 666 state.json", "others may write to it" },
		{ "truncate -s 67108865 state.json", "it is too large" },
		{ "echo hi >state.json; chmod 600 state.json; chown 65534 state.json",
		  "it belongs to another user" },
	};
	const struct place *place = *state;
	struct state_file file;
	char error[300], *text;
	const char *why;
	size_t size;

	assert_true(opens(place, &file, error));
	for (size_t i = 0; i < COUNT(cases) - (geteuid() != 0); i++) {
		in_folder(place, "umask 077; rm -rf state.json state.json.bad");
		in_folder(place, cases[i].made_by);
		assert_int_equal(state_file_read(&file, &text, &size, &why), -1);
		assert_string_equal(why, cases[i].why);
		assert_int_equal(state_file_set_aside(&file), 0);
		assert_int_equal(state_file_read(&file, &text, &size, &why), 0);
		in_folder(place, "[ -e state.json.bad ] || [ -L state.json.bad ]");
	}
	state_file_close(&file);
}

/* --- when it is written -------------------------------------------------------------------------- */

static unsigned made;
static uint64_t made_ms; /* when the last one was */

static char *make_text(void *arg, size_t *size)
{
	char *text;

	(void)arg;
	made_ms = clock_ms();
	*size = (size_t)asprintf(&text, STATE_HEAD "%0*u\", \"n\": %u}", STATE_STAMP_DIGITS, 0,
	                         ++made);
	return text;
}

static bool file_says(const struct place *place, const char *part)
{
	char path[100], text[200] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/" STATE_FILE_NAME, place->path);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	close(fd);
	return strstr(text, part) != NULL;
}

static void turn_until(struct event_base *base, const struct place *place, const char *part)
{
	uint64_t start = clock_ms();

	while (!file_says(place, part)) {
		assert_true(clock_ms() - start < PATIENCE_MS);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

static void at_most_once_a_second(void **state)
{
	const struct place *place = *state;
	struct event_base *base = event_base_new();
	char error[300];
	struct state *kept = state_open(place->path, geteuid(), getegid(), error, sizeof(error));
	uint64_t start, first_ms;

	made = 0;
	assert_non_null(kept);
	state_changed(kept); /* before it has started */
	assert_true(state_start(kept, base, make_text, NULL));
	turn_until(base, place, "\"n\": 1}");
	start = clock_ms();
	first_ms = made_ms;
	/* Changes in quick succession are one write, a second after the last one began. */
	while (made == 1) {
		assert_true(clock_ms() - start < PATIENCE_MS);
		state_changed(kept);
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
	assert_true(made_ms - first_ms >= STATE_WRITE_MS - 20);
	turn_until(base, place, "\"n\": 2}");
	/* The end writes what has not been written. */
	state_changed(kept);
	state_free(kept);
	assert_true(file_says(place, "\"n\": 3}"));
	assert_string_equal(story, "");
	event_base_free(base);
}

static int synced_error;
static unsigned synced;

static void on_synced(struct state_sync *sync, int error)
{
	(void)sync;
	synced++;
	synced_error = error;
}

/* Turns the loop until that many have ended. Returns the milliseconds. */
static uint64_t turn_until_synced(struct event_base *base, unsigned count)
{
	uint64_t start = clock_ms();

	while (synced < count) {
		assert_true(clock_ms() - start < PATIENCE_MS);
		event_base_loop(base, EVLOOP_ONCE);
	}
	return clock_ms() - start;
}

static void orders_skip_the_pause(void **state)
{
	const struct place *place = *state;
	struct event_base *base = event_base_new();
	char error[300], text[40];
	struct state *kept = state_open(place->path, geteuid(), getegid(), error, sizeof(error));
	struct state_sync syncs[12] = { 0 };
	uint64_t ms = 0;

	made = synced = 0;
	assert_true(state_start(kept, base, make_text, NULL));
	assert_true(state_sync(kept, &syncs[0])); /* nothing has changed */
	for (unsigned i = 0; i < 10; i++) {
		syncs[i].done = on_synced;
		state_changed(kept);
		assert_false(state_sync(kept, &syncs[i]));
		ms += turn_until_synced(base, i + 1);
		assert_int_equal(synced_error, 0);
		snprintf(text, sizeof(text), "\"n\": %u}", i + 1);
		assert_true(file_says(place, text));
		assert_true(state_sync(kept, &syncs[i])); /* it is on disk */
	}
	assert_true(ms < 9 * STATE_WRITE_MS);
	/* One that comes while a write is under way is not in that write. */
	syncs[10].done = syncs[11].done = on_synced;
	state_changed(kept);
	assert_false(state_sync(kept, &syncs[10]));
	while (made < 11)
		event_base_loop(base, EVLOOP_ONCE);
	state_changed(kept);
	assert_false(state_sync(kept, &syncs[11]));
	turn_until_synced(base, 12);
	assert_true(file_says(place, "\"n\": 12}"));
	state_free(kept);
	event_base_free(base);
}

static void orders_hear_of_trouble(void **state)
{
	const struct place *place = *state;
	struct event_base *base = event_base_new();
	char error[300];
	struct state *kept = state_open(place->path, geteuid(), getegid(), error, sizeof(error));
	struct state_sync one = { .done = on_synced }, other = { .done = on_synced };

	made = synced = 0;
	in_folder(place, "mkdir state.json.new");
	assert_true(state_start(kept, base, make_text, NULL));
	state_changed(kept);
	assert_false(state_sync(kept, &one));
	assert_false(state_sync(kept, &other));
	state_sync_forget(&other);
	turn_until_synced(base, 1);
	assert_int_equal(synced_error, EEXIST);
	/* Not saved, and so it is tried again, at once for the next one. */
	assert_false(state_sync(kept, &one));
	turn_until_synced(base, 2);
	assert_int_equal(synced_error, EEXIST);
	in_folder(place, "rmdir state.json.new");
	assert_false(state_sync(kept, &one));
	turn_until_synced(base, 3);
	assert_int_equal(synced_error, 0);
	assert_true(state_sync(kept, &one));
	state_free(kept);
	event_base_free(base);
}

/* Something in the way: it is said once, tried again, and said when it is over. */
static void trouble_is_said_once(void **state)
{
	const struct place *place = *state;
	struct event_base *base = event_base_new();
	char error[300];
	struct state *kept = state_open(place->path, geteuid(), getegid(), error, sizeof(error));
	uint64_t start = clock_ms();

	made = 0;
	in_folder(place, "mkdir state.json.new");
	assert_true(state_start(kept, base, make_text, NULL));
	state_changed(kept);
	while (made < 2) {
		assert_true(clock_ms() - start < PATIENCE_MS);
		event_base_loop(base, EVLOOP_ONCE);
	}
	event_base_loop(base, EVLOOP_ONCE); /* the second one has failed, too */
	in_folder(place, "rmdir state.json.new");
	state_free(kept);
	assert_true(file_says(place, "\"n\": 3}"));
	assert_string_equal(story,
	                    "cannot be written: File exists; it is tried again, and a restart now "
	                    "would forget what has changed\nis written again\n");
	event_base_free(base);
}

static void what_was_never_written_stays(void **state)
{
	const struct place *place = *state;
	struct event_base *base = event_base_new();
	char error[300];
	struct state *kept = state_open(place->path, geteuid(), getegid(), error, sizeof(error));

	in_folder(place, "echo other life >state.json");
	assert_true(state_start(kept, base, make_text, NULL));
	state_free(kept);
	assert_true(file_says(place, "other life"));
	event_base_free(base);
}

static void the_stamp_goes_on(void **state)
{
	const struct place *place = *state;
	struct event_base *base = event_base_new();
	char error[300], stamp[60];
	struct state *kept = state_open(place->path, geteuid(), getegid(), error, sizeof(error));

	made = 0;
	assert_true(state_start(kept, base, make_text, NULL));
	state_changed(kept);
	snprintf(stamp, sizeof(stamp), STATE_HEAD "%0*u\"", STATE_STAMP_DIGITS, 0u);
	turn_until(base, place, stamp);
	for (uint64_t start = clock_ms(); file_says(place, stamp);) {
		assert_true(clock_ms() - start < PATIENCE_MS);
		event_base_loop(base, EVLOOP_ONCE);
	}
	assert_true(file_says(place, "\"n\": 1}"));
	state_free(kept);
	event_base_free(base);
}

/* --- what it says -------------------------------------------------------------------------------- */

#define GOOD(alive, boot, rest)                                                                    \
	"{\"alive\": \"" alive "\", \"version\": 1, \"boot\": \"" boot "\", \"records\": " rest

static void texts_are_held_to_what_they_should_be(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ GOOD("1", "b", "{}, \"up\": [], \"down\": []}"), NULL },
		{ GOOD("1", "b",
		       "{\"a\": {}}, \"up\": [\"00ff\"], \"down\": [\"1\"], \"more\": 1}"),
		  NULL },
		{ "", "it is no JSON object" },
		{ "[]", "it is no JSON object" },
		{ "{\"alive\"", "it is no JSON object" },
		{ "{}", "it is of another version" },
		{ "{\"version\": 2}", "it is of another version" },
		{ "{\"version\": 1}", "it is damaged" },
		{ GOOD("x", "b", "{}, \"up\": [], \"down\": []}"), "it is damaged" },
		{ GOOD("", "b", "{}, \"up\": [], \"down\": []}"), "it is damaged" },
		{ GOOD("123456789012345678901", "b", "{}, \"up\": [], \"down\": []}"),
		  "it is damaged" },
		{ GOOD("1", "b", "[], \"up\": [], \"down\": []}"), "it is damaged" },
		{ GOOD("1", "b", "{\"a\": []}, \"up\": [], \"down\": []}"), "it is damaged" },
		{ GOOD("1", "b", "{}, \"up\": {}, \"down\": []}"), "it is damaged" },
		{ GOOD("1", "b", "{}, \"up\": []}"), "it is damaged" },
		{ GOOD("1", "b", "{}, \"up\": [1], \"down\": []}"), "it is damaged" },
		{ GOOD("1", "b", "{}, \"up\": [\"xyz\"], \"down\": []}"), "it is damaged" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *why;
		struct saved *saved =
		        format_parse(cases[i].text, strlen(cases[i].text), "b", 1, &why);

		assert_int_equal(saved == NULL, cases[i].why != NULL);
		if (cases[i].why)
			assert_string_equal(why, cases[i].why);
		format_free(saved);
	}
}

static uint64_t key_of(const char *text)
{
	return format_key(&text, 1);
}

/* A run finds what the one before it wrote, whichever release that was: FNV-1a of the parts. */
static void keys_stay(void **state)
{
	static const char *const parts[] = { "192.0.2.1", "www.example.com", "", "tcp" };

	(void)state;
	assert_true(format_key(parts, 4) == UINT64_C(0xa78ef0d26d0861cf));
	assert_true(format_key(parts, 4) == key_of("192.0.2.1 www.example.com  tcp"));
	assert_true(format_key(parts, 3) != format_key(parts, 2));
}

/* Health holds in the same boot, for a minute after the last sign of life. */
static void health_gets_old(void **state)
{
	static const struct {
		const char *boot;
		uint64_t now_ms;
		bool same_boot, fresh;
	} cases[] = {
		{ "b", 100000, true, true },
		{ "b", 100000 + FORMAT_FRESH_MS - 1, true, true },
		{ "b", 100000 + FORMAT_FRESH_MS, true, false },
		{ "b", 99999, true, false }, /* another's clock */
		{ "c", 100000, false, false },
		{ "", 100000, false, false },
	};
	const uint64_t one = key_of("one"), two = key_of("two");
	char text[300];

	(void)state;
	snprintf(text, sizeof(text),
	         GOOD("00000000000000100000", "b",
	              "{}, \"up\": [\"%016" PRIx64 "\"], \"down\": [\"%016" PRIx64 "\"]}"),
	         one, two);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *why;
		struct saved *saved =
		        format_parse(text, strlen(text), cases[i].boot, cases[i].now_ms, &why);

		assert_non_null(saved);
		assert_int_equal(format_same_boot(saved), cases[i].same_boot);
		assert_int_equal(format_is_fresh(saved), cases[i].fresh);
		assert_int_equal(format_health(saved, one),
		                 cases[i].fresh ? HEALTH_UP : HEALTH_UNKNOWN);
		assert_int_equal(format_health(saved, two),
		                 cases[i].fresh ? HEALTH_DOWN : HEALTH_UNKNOWN);
		assert_int_equal(format_health(saved, key_of("three")), HEALTH_UNKNOWN);
		format_free(saved);
	}
}

/* A shortage of this process says nothing about the file: it stays where it is. */
static void a_shortage_sets_nothing_aside(void **state)
{
	const struct place *place = *state;
	struct rlimit limit, none;
	struct state_file file;
	char error[300], *text;
	const char *why;
	size_t size;
	int result;

	assert_true(opens(place, &file, error));
	in_folder(place, "echo '{}' >" STATE_FILE_NAME " && chmod 600 " STATE_FILE_NAME);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ 0, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	errno = 0;
	result = state_file_read(&file, &text, &size, &why);
	none.rlim_cur = (rlim_t)errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(result, -2);
	assert_int_equal(none.rlim_cur, EMFILE);
	assert_int_equal(state_file_read(&file, &text, &size, &why), 1);
	free(text);
	state_file_close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_is_made, begin, end),
		cmocka_unit_test_setup_teardown(folders_that_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(what_is_written_is_read, begin, end),
		cmocka_unit_test_setup_teardown(files_that_are_not_believed, begin, end),
		cmocka_unit_test_setup_teardown(a_shortage_sets_nothing_aside, begin, end),
		cmocka_unit_test_setup_teardown(at_most_once_a_second, begin, end),
		cmocka_unit_test_setup_teardown(orders_skip_the_pause, begin, end),
		cmocka_unit_test_setup_teardown(orders_hear_of_trouble, begin, end),
		cmocka_unit_test_setup_teardown(trouble_is_said_once, begin, end),
		cmocka_unit_test_setup_teardown(what_was_never_written_stays, begin, end),
		cmocka_unit_test_setup_teardown(the_stamp_goes_on, begin, end),
		cmocka_unit_test(texts_are_held_to_what_they_should_be),
		cmocka_unit_test(keys_stay),
		cmocka_unit_test(health_gets_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
