/*
 * Who gets which result of a reload: requests that come while one runs, or while its result is told.
 * The files are wrong, so that nothing is replaced; the parser is a real process.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/process/cmdline.h"
#include "daemon/reload/reload.h"
#include "tests/support/unit.h"

static char path[64];
static struct reload reload;

/* A waiter, and what it does when it is told. */
struct asker {
	struct reload_waiter waiter;
	unsigned told;
	char error[CONFIG_ERROR_MAX];
	const char *writes;        /* NULL: it leaves the file */
	struct asker *then;        /* requests a reload; NULL: nobody */
	struct asker *and_forgets; /* NULL: nobody */
};

/* A configuration with one setting, of which the error has the name. */
static void write_file(const char *setting)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fprintf(file, "%s = 1;\n", setting) > 0);
	assert_int_equal(fclose(file), 0);
}

static void done(struct reload_waiter *waiter, const struct reload_result *result)
{
	struct asker *asker = (struct asker *)((char *)waiter - offsetof(struct asker, waiter));

	asker->told++;
	if (asker->writes)
		write_file(asker->writes);
	if (asker->then)
		reload_request(&reload, &asker->then->waiter);
	if (asker->and_forgets)
		reload_forget(&reload, &asker->and_forgets->waiter);
	snprintf(asker->error, sizeof(asker->error), "%s", result->error);
}

static int setup(void **state)
{
	const struct config config = { .socket = "s", .control = "c", .state_dir = "d" };
	static struct cmdline options;
	int fd;

	(void)state;
	strcpy(path, "/tmp/shunt-reload-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	options.file = path;
	reload_init(&reload, &options, &config);
	reload.base = event_base_new();
	return reload.base ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	reload_stop(&reload);
	reload_free(&reload);
	event_base_free(reload.base);
	return unlink(path);
}

static void request(struct asker *asker)
{
	asker->waiter.done = done;
	reload_request(&reload, &asker->waiter);
}

static void wait_for(const struct asker *asker)
{
	while (asker->told == 0)
		assert_int_equal(event_base_loop(reload.base, EVLOOP_ONCE), 0);
}

static void assert_told(const struct asker *asker, const char *setting)
{
	assert_int_equal(asker->told, 1);
	assert_non_null(strstr(asker->error, setting));
	assert_false(asker->waiter.waits);
}

/* One more reload, which reads the file as it is then, for all who came meanwhile. */
static void requests_meanwhile(void **state)
{
	struct asker first = { 0 }, second = { 0 }, third = { 0 };

	(void)state;
	write_file("mistake_one");
	first.writes = "mistake_two";
	request(&first);
	request(&second);
	request(&third);
	wait_for(&first);
	assert_int_equal(second.told + third.told, 0);
	wait_for(&third);
	assert_told(&first, "mistake_one");
	assert_told(&second, "mistake_two");
	assert_told(&third, "mistake_two");
	assert_int_equal(reload.history.failed, 2);
	assert_false(reload.busy);
}

/*
 * Whoever is told may have others served, and one of them may request a reload: that begins after all
 * have been told.
 */
static void request_while_telling(void **state)
{
	struct asker first = { 0 }, second = { 0 }, late = { .waiter.done = done };
	struct asker before = { .writes = "mistake_two" };

	(void)state;
	write_file("mistake_one");
	first.writes = "mistake_three";
	first.then = &late;
	request(&before);
	request(&first);
	request(&second);
	wait_for(&second);
	assert_told(&before, "mistake_one");
	assert_told(&first, "mistake_two");
	assert_told(&second, "mistake_two");
	assert_int_equal(late.told, 0);
	wait_for(&late);
	assert_told(&late, "mistake_three");
	assert_int_equal(reload.history.failed, 3);
}

/* A connection that ends because another one was told. */
static void forgotten_while_telling(void **state)
{
	struct asker before = { 0 }, first = { 0 }, gone = { 0 }, last = { 0 };

	(void)state;
	write_file("mistake");
	first.and_forgets = &gone;
	request(&before);
	request(&first);
	request(&gone);
	request(&last);
	wait_for(&last);
	assert_told(&first, "mistake");
	assert_told(&last, "mistake");
	assert_int_equal(gone.told, 0);
	assert_false(gone.waiter.waits);
}

/* Nobody may wait when the daemon stops; the parser is gone then. */
static void stopped(void **state)
{
	struct asker asker = { 0 };

	(void)state;
	write_file("mistake");
	request(&asker);
	reload_forget(&reload, &asker.waiter);
	reload_stop(&reload);
	assert_null(reload.parsing);
	assert_int_equal(reload.parser.pid, -1);
	assert_int_equal(asker.told, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(request_while_telling, setup, teardown),
		cmocka_unit_test_setup_teardown(forgotten_while_telling, setup, teardown),
		cmocka_unit_test_setup_teardown(stopped, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
