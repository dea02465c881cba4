/* What waits to be told of events: order, turns, bounds; and then with real programs, of a shell. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/config/config.h"
#include "daemon/event/ring.h"
#include "daemon/notify/notify.h"
#include "daemon/notify/queue.h"
#include "daemon/process/spawn.h"
#include "tests/support/unit.h"

#define PATIENCE_MS 60000
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int page, mail; /* two owners */

/* An event that the ring keeps until many more have come. */
static struct event_item *happen(const char *record)
{
	event_emit(&(struct event_record){ .type = EVENT_ANSWER, .record = record, .to = "x" });
	return event_ring_get(event_ring_last());
}

static struct notify_queue *queue_new(void)
{
	struct notify_queue *queue = notify_queue_new(1 << 20);

	assert_non_null(queue);
	return queue;
}

static void put(struct notify_queue *queue, void *owner, struct event_item *event)
{
	assert_true(notify_queue_put(queue, owner, event));
}

/* Takes the next one, which must be that event. */
static struct notify_item *take(struct notify_queue *queue, const struct event_item *event)
{
	struct notify_item *item = notify_queue_next(queue);

	assert_non_null(item);
	assert_int_equal(item->event->seq, event->seq);
	return item;
}

static void one_at_a_time_in_order(void **state)
{
	struct notify_queue *queue = queue_new();
	struct event_item *events[3];
	struct notify_item *item;

	(void)state;
	for (size_t i = 0; i < COUNT(events); i++)
		put(queue, &page, events[i] = happen("www.example.com"));
	assert_int_equal(notify_queue_count(queue), 3);
	for (size_t i = 0; i < COUNT(events); i++) {
		item = take(queue, events[i]);
		assert_ptr_equal(item->owner, &page);
		assert_null(notify_queue_next(queue));
		notify_queue_done(queue, item);
	}
	assert_null(notify_queue_next(queue));
	assert_int_equal(notify_queue_count(queue), 0);
	assert_int_equal(notify_queue_bytes(queue), 0);
	notify_queue_free(queue);
}

/* Records, none, and owners: each has a lane. Case does not make another. */
static void lanes(void **state)
{
	struct notify_queue *queue = queue_new();
	struct event_item *www = happen("www.example.com"), *db = happen("db.example.com");
	struct event_item *none = happen(NULL), *again = happen("WWW.example.com");
	struct event_item *none_again = happen(NULL);
	struct notify_item *items[4];

	(void)state;
	put(queue, &page, www);
	put(queue, &mail, www);
	put(queue, &page, db);
	put(queue, &page, none);
	put(queue, &page, again);
	put(queue, &page, none_again);
	items[0] = take(queue, www);
	items[1] = take(queue, www);
	assert_ptr_equal(items[0]->owner, &page);
	assert_ptr_equal(items[1]->owner, &mail);
	items[2] = take(queue, db);
	items[3] = take(queue, none);
	assert_null(notify_queue_next(queue));
	notify_queue_done(queue, items[3]);
	notify_queue_done(queue, take(queue, none_again));
	notify_queue_done(queue, items[1]);
	assert_null(notify_queue_next(queue));
	notify_queue_done(queue, items[0]);
	notify_queue_done(queue, take(queue, again));
	notify_queue_done(queue, items[2]);
	assert_int_equal(notify_queue_bytes(queue), 0);
	notify_queue_free(queue);
}

/* However much one has, the others come after one of it. */
static void turns(void **state)
{
	struct notify_queue *queue = queue_new();
	struct event_item *busy[3], *quiet;

	(void)state;
	for (size_t i = 0; i < COUNT(busy); i++)
		put(queue, &page, busy[i] = happen("busy"));
	put(queue, &page, quiet = happen("quiet"));
	notify_queue_done(queue, take(queue, busy[0]));
	notify_queue_done(queue, take(queue, quiet));
	notify_queue_done(queue, take(queue, busy[1]));
	notify_queue_free(queue);
}

static void back(void **state)
{
	struct notify_queue *queue = queue_new();
	struct event_item *first = happen("a"), *second = happen("a"), *other = happen("b");

	(void)state;
	put(queue, &page, first);
	put(queue, &page, second);
	put(queue, &page, other);
	notify_queue_back(queue, take(queue, first));
	assert_int_equal(notify_queue_count(queue), 3);
	notify_queue_done(queue, take(queue, first));
	notify_queue_done(queue, take(queue, other));
	notify_queue_done(queue, take(queue, second));
	notify_queue_free(queue);
}

/* A text counts once, whoever waits for it; what does not fit changes nothing. */
static void bounded(void **state)
{
	struct event_item *event = happen("www.example.com"), *next = happen("www.example.com");
	struct notify_queue *queue = queue_new();
	size_t one, both;
	unsigned holders = event->holders;

	(void)state;
	put(queue, &page, event);
	one = notify_queue_bytes(queue);
	assert_true(one >= event->size + sizeof(struct notify_item));
	put(queue, &mail, event);
	both = notify_queue_bytes(queue);
	assert_true(both - one < event->size);
	assert_int_equal(event->holders, holders + 1);
	notify_queue_free(queue);
	assert_int_equal(event->holders, holders);

	queue = notify_queue_new(both);
	put(queue, &page, event);
	assert_false(notify_queue_put(queue, &page, next));
	assert_int_equal(notify_queue_bytes(queue), one);
	put(queue, &mail, event);
	assert_false(notify_queue_put(queue, &mail, event));
	notify_queue_done(queue, take(queue, event));
	notify_queue_done(queue, take(queue, event));
	assert_int_equal(event->holders, holders);
	put(queue, &page, next);
	assert_int_equal(notify_queue_bytes(queue), one);
	notify_queue_free(queue);
	queue = notify_queue_new(one - 1);
	assert_false(notify_queue_put(queue, &page, event));
	assert_int_equal(notify_queue_bytes(queue), 0);
	assert_int_equal(event->holders, holders);
	notify_queue_free(queue);
}

static void giving_up(void **state)
{
	struct notify_queue *queue = queue_new();
	struct event_item *first = happen("a"), *second = happen("a"), *third = happen("b");
	const struct event_item *oldest;
	struct notify_item *running;

	(void)state;
	put(queue, &mail, first);
	put(queue, &page, first);
	put(queue, &page, third);
	put(queue, &page, second);
	notify_queue_done(queue, take(queue, first));
	running = take(queue, first);
	assert_ptr_equal(running->owner, &page);
	put(queue, &mail, third);
	assert_int_equal(notify_queue_waiting(queue, &page, &oldest), 2);
	assert_ptr_equal(oldest, second);
	notify_queue_drop(queue, &page);
	assert_int_equal(notify_queue_waiting(queue, &page, &oldest), 0);
	assert_null(oldest);
	assert_int_equal(notify_queue_count(queue), 1);
	notify_queue_done(queue, running);
	notify_queue_done(queue, take(queue, third));
	assert_null(notify_queue_next(queue));
	assert_int_equal(notify_queue_bytes(queue), 0);
	notify_queue_free(queue);
}

/* Many lanes, in whatever order they come and go. */
static void many(void **state)
{
	enum { MANY = 500 };
	struct notify_queue *queue = queue_new();
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 2 * MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i * 7919 % MANY);
		put(queue, &page, happen(name));
	}
	for (unsigned i = 0; i < 2 * MANY; i++) {
		struct notify_item *item = notify_queue_next(queue);

		snprintf(name, sizeof(name), "n%u", i * 7919 % MANY);
		assert_string_equal(item->event->what.record, name);
		notify_queue_done(queue, item);
	}
	assert_int_equal(notify_queue_bytes(queue), 0);
	notify_queue_free(queue);
}

/* --- with programs ------------------------------------------------------------------------------- */

static struct event_base *base;
static struct notify *notify;
static const struct spawn_user nobody_else = { .change = false };

static int setup(void **state)
{
	(void)state;
	base = event_base_new();
	notify = notify_new(base);
	return notify ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	notify_free(notify);
	event_base_free(base);
	return 0;
}

/* A shell's script is told of all events. */
static void tell(const char *script)
{
	const char *const command[] = { "/bin/sh", "-c", script, NULL };
	const struct notify_config config = { .command = command,
		                              .events = UINT32_MAX,
		                              .timeout = PATIENCE_MS };

	notify_configure(notify, &config, 1, &nobody_else);
}

static struct notify_counts counts(void)
{
	struct notify_counts now;

	notify_count(notify, &now);
	return now;
}

static bool turn_until_idle(void)
{
	const uint64_t deadline = clock_ms() + PATIENCE_MS;

	while ((counts().waiting || counts().running) && clock_ms() < deadline)
		event_base_loop(base, EVLOOP_ONCE);
	return !counts().waiting && !counts().running;
}

/* What is written on standard error meanwhile. */
static FILE *catch_errors(int *kept)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	fflush(stderr);
	*kept = dup(STDERR_FILENO);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	return file;
}

static void let_errors(FILE *file, int kept, char *text, size_t size)
{
	size_t length;

	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(file);
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	fclose(file);
}

static size_t occurrences(const char *text, const char *words)
{
	size_t count = 0;

	for (; (text = strstr(text, words)) != NULL; text++)
		count++;
	return count;
}

/* Nothing runs before the loop turns; 16 run together, and all come. */
static void running_together(void **state)
{
	enum { MANY = 50 };
	char name[32];
	uint64_t most = 0;

	(void)state;
	tell("sleep 0.05");
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		happen(name);
	}
	assert_int_equal(counts().waiting, MANY);
	assert_int_equal(counts().running, 0);
	while (counts().delivered < MANY && !counts().failed) {
		event_base_loop(base, EVLOOP_ONCE);
		most = counts().running > most ? counts().running : most;
	}
	assert_int_equal(most, 16);
	assert_int_equal(counts().delivered, MANY);
	assert_int_equal(counts().waiting + counts().running, 0);
}

/* A fault of ours, at once or when the child would start, loses nothing. */
static void without_descriptors(void **state)
{
	struct rlimit before, none;
	int free[4], kept; /* the lowest */
	char text[4096];
	FILE *file;

	(void)state;
	tell("exit 0");
	log_set_level(LOG_LEVEL_INFO);
	file = catch_errors(&kept);
	for (size_t i = 0; i < COUNT(free); i++)
		free[i] = dup(0);
	for (size_t i = 0; i < COUNT(free); i++)
		close(free[i]);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)free[0];
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	happen("www.example.com");
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(counts().waiting, 1);
	none.rlim_cur =
	        (rlim_t)free[3]; /* for its pipe and its input, and not for the program itself */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	while (counts().running == 0)
		event_base_loop(base, EVLOOP_ONCE);
	while (counts().running == 1)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(counts().waiting, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(turn_until_idle());
	assert_int_equal(counts().delivered, 1);
	assert_int_equal(counts().failed, 0);
	let_errors(file, kept, text, sizeof(text));
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(occurrences(text, "warning: notify: cannot start /bin/sh: Too many open "
	                                   "files; retrying every second\n"),
	                 1);
	assert_int_equal(occurrences(text, "notify: programs can be started again\n"), 1);
}

/* 64 MiB; then it is counted, and said at once and not again within the minute. */
static void overflow(void **state)
{
	enum { MANY = 14000 };
	static char reason[1900];
	char text[8192];
	uint64_t held;
	FILE *file;
	int kept;

	(void)state;
	tell("exec sleep 1000");
	log_set_level(LOG_LEVEL_WARNING);
	file = catch_errors(&kept);
	memset(reason, 'x', sizeof(reason) - 1);
	for (unsigned i = 0; i < MANY; i++)
		event_emit(&(struct event_record){ .type = EVENT_HEALTH, .reason = reason });
	held = counts().waiting;
	assert_true(counts().dropped > 0);
	assert_int_equal(held + counts().dropped, MANY);
	assert_in_range(held * event_ring_get(event_ring_last())->size, 60u << 20, 64u << 20);
	notify_configure(notify, NULL, 0, &nobody_else);
	assert_int_equal(counts().waiting, 0);
	assert_int_equal(counts().dropped, MANY);
	let_errors(file, kept, text, sizeof(text));
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(
	        occurrences(text, "notify: more than 64 MiB pending: 1 more event not delivered\n"),
	        1);
	assert_int_equal(occurrences(text, "more than 64 MiB"), 1);
	assert_int_equal(occurrences(text, "/bin/sh: no longer in the configuration: "), 1);
	notify_finish(notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time_in_order),
		cmocka_unit_test(lanes),
		cmocka_unit_test(turns),
		cmocka_unit_test(back),
		cmocka_unit_test(bounded),
		cmocka_unit_test(giving_up),
		cmocka_unit_test(many),
		cmocka_unit_test_setup_teardown(running_together, setup, teardown),
		cmocka_unit_test_setup_teardown(without_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(overflow, setup, teardown),
	};

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
