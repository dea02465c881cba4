#include "notify/notify.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/printable.h"
#include "base/timer.h"
#include "config/config.h"
#include "event/event.h"
#include "notify/program.h"
#include "notify/queue.h"
#include "process/spawn.h"

#define RUNNING_MAX 16u
/* Besides those running, as many killed processes may linger, stuck in the kernel. */
#define PROGRAMS_MAX (2 * RUNNING_MAX)
#define QUEUE_MIB 64u
#define RETRY_MS 1000u
#define SAY_DROPPED_MS 60000u
#define FINISH_S 3

/* A configured program: the owner of the items pending for it. */
struct notifier {
	TAILQ_ENTRY(notifier) link;
	char **argv; /* one block of memory */
	uint32_t events;
	uint32_t timeout_ms;
	unsigned running;
	bool gone; /* removed from the configuration; kept until its runs end */
};

struct run {
	LIST_ENTRY(run) link;
	struct notify *notify;
	struct notifier *notifier;
	struct notify_item *item;
	struct spawn *spawn;
	struct event deadline;
};

TAILQ_HEAD(notifier_list, notifier);
LIST_HEAD(run_list, run);

struct notify {
	struct event_base *base;
	struct spawner *spawner;
	struct spawn_user user;
	struct event_subscriber subscriber;
	struct notify_queue *queue;
	struct notifier_list notifiers;
	struct run_list runs;
	struct event start; /* starts the programs that may run */
	bool held;          /* starting is suspended: the host is out of resources */
	bool held_said;
	bool ending;
	struct event minute; /* until dropped events may be logged again */
	uint64_t unsaid;
	struct notify_counts counts; /* all but `waiting` */
};

/* --- the log ---------------------------------------------------------------------------------- */

static void say_failed(const struct run *run, const char *words, const char *line)
{
	char text[SPAWN_WORDS_MAX + SPAWN_LINE_MAX];

	printable_clean(text, sizeof(text), line);
	log_warning("notify: %s, event %llu: %s%s%s", run->notifier->argv[0],
	            (unsigned long long)run->item->event->seq, words, *text ? ": " : "", text);
}

/* Discards everything pending for a program, and logs one line for it. */
static void drop(struct notify *notify, struct notifier *notifier, const char *why)
{
	const struct event_item *oldest;
	size_t count = notify_queue_waiting(notify->queue, notifier, &oldest);

	if (!count)
		return;
	log_warning("notify: %s: %s: %zu event%s not delivered, the first is %llu: %s",
	            notifier->argv[0], why, count, count == 1 ? "" : "s",
	            (unsigned long long)oldest->seq, oldest->text);
	notify->counts.dropped += count;
	notify_queue_drop(notify->queue, notifier);
}

static void say_dropped(struct notify *notify)
{
	if (!notify->unsaid)
		return;
	log_warning("notify: more than %u MiB pending: %llu more event%s not delivered", QUEUE_MIB,
	            (unsigned long long)notify->unsaid, notify->unsaid == 1 ? "" : "s");
	notify->unsaid = 0;
	timer_arm(&notify->minute, SAY_DROPPED_MS);
}

static void minute_ran(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	say_dropped(arg);
}

/* --- programs --------------------------------------------------------------------------------- */

static char **copy_words(const char *const *words)
{
	size_t count = 0, bytes = 0;
	char **copy, *text;

	for (; words[count]; count++)
		bytes += strlen(words[count]) + 1;
	copy = memory_calloc(1, (count + 1) * sizeof(*copy) + bytes);
	text = (char *)(copy + count + 1);
	for (size_t i = 0; i < count; i++) {
		copy[i] = text;
		text = stpcpy(text, words[i]) + 1;
	}
	return copy;
}

static bool same_words(char *const *a, const char *const *b)
{
	while (*a && *b && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return !*a && !*b;
}

static void notifier_free(struct notify *notify, struct notifier *notifier)
{
	TAILQ_REMOVE(&notify->notifiers, notifier, link);
	free(notifier->argv);
	free(notifier);
}

/* --- running ---------------------------------------------------------------------------------- */

static void start_soon(struct notify *notify)
{
	if (!notify->held)
		timer_arm(&notify->start, 0);
}

static void run_free(struct run *run)
{
	struct notify *notify = run->notify;
	struct notifier *notifier = run->notifier;

	event_del(&run->deadline);
	LIST_REMOVE(run, link);
	notify->counts.running--;
	notifier->running--;
	if (notifier->gone && !notifier->running)
		notifier_free(notify, notifier);
	free(run);
	if (!notify->ending || notify->counts.running || notify_queue_count(notify->queue))
		start_soon(notify);
	else
		event_base_loopbreak(notify->base);
}

static void finish(struct run *run)
{
	notify_queue_done(run->notify->queue, run->item);
	run_free(run);
}

static bool is_our_fault(int error)
{
	return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

/* The item stays the next one: no other program could be started either. */
static void hold(struct notify *notify, struct notify_item *item, int error)
{
	const struct notifier *notifier = item->owner;

	if (!notify->held_said)
		log_warning("notify: cannot start %s: %s; retrying every second", notifier->argv[0],
		            strerror(error));
	notify->held_said = true;
	notify->held = true;
	notify_queue_back(notify->queue, item);
	timer_arm(&notify->start, RETRY_MS);
}

static void judge(struct run *run, const struct spawn_end *end)
{
	struct notify *notify = run->notify;
	char words[SPAWN_WORDS_MAX];

	if (notify->held_said && !end->failed) {
		log_info("notify: programs can be started again");
		notify->held_said = false;
	}
	if (!end->failed && !end->signal && end->status == 0) {
		notify->counts.delivered++;
		return;
	}
	notify->counts.failed++;
	say_failed(run, spawn_words(end, words), end->line);
}

static void ended(void *arg, const struct spawn_end *end)
{
	struct run *run = arg;

	if (end->failed && is_our_fault(end->error) && !run->notifier->gone) {
		hold(run->notify, run->item, end->error);
		run_free(run);
		return;
	}
	judge(run, end);
	finish(run);
}

static void deadline_ran(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;
	char lasted[DURATION_TEXT_MAX], words[64];

	(void)fd;
	(void)what;
	snprintf(words, sizeof(words), "timed out after %s and was killed",
	         duration_format(run->notifier->timeout_ms, lasted));
	say_failed(run, words, spawn_line(run->spawn));
	run->notify->counts.timed_out++;
	spawn_kill(run->spawn);
	finish(run);
}

/* Returns NULL and sets errno on failure. */
static struct run *run_new(struct notify *notify, struct notify_item *item)
{
	const struct notifier *notifier = item->owner;
	struct run *run = calloc(1, sizeof(*run));
	struct spawn_program program;

	if (!run)
		return NULL;
	if (notify_program_make(notifier->argv, item->event, &program))
		run->spawn = spawn_start(notify->spawner, &program, &notify->user, ended, run);
	if (run->spawn)
		return run;
	free(run);
	return NULL;
}

static void start(struct notify *notify, struct notify_item *item)
{
	struct notifier *notifier = item->owner;
	struct run *run = run_new(notify, item);

	if (!run) {
		hold(notify, item, errno);
		return;
	}
	run->notify = notify;
	run->notifier = notifier;
	run->item = item;
	LIST_INSERT_HEAD(&notify->runs, run, link);
	notify->counts.running++;
	notifier->running++;
	evtimer_assign(&run->deadline, notify->base, deadline_ran, run);
	timer_arm(&run->deadline, notifier->timeout_ms);
}

static void start_ran(evutil_socket_t fd, short what, void *arg)
{
	struct notify *notify = arg;
	struct notify_item *item;

	(void)fd;
	(void)what;
	notify->held = false;
	while (!notify->held && notify->counts.running < RUNNING_MAX &&
	       (item = notify_queue_next(notify->queue)) != NULL)
		start(notify, item);
}

/* --- events ----------------------------------------------------------------------------------- */

static void on_event(void *arg, struct event_item *event)
{
	struct notify *notify = arg;
	struct notifier *notifier;

	TAILQ_FOREACH (notifier, &notify->notifiers, link) {
		if (notifier->gone || !(notifier->events & UINT32_C(1) << event->what.type) ||
		    notify_queue_put(notify->queue, notifier, event))
			continue;
		notify->counts.dropped++;
		notify->unsaid++;
	}
	if (!evtimer_pending(&notify->minute, NULL))
		say_dropped(notify);
	if (notify_queue_count(notify->queue))
		start_soon(notify);
}

/* --- for callers ------------------------------------------------------------------------------ */

struct notify *notify_new(struct event_base *base)
{
	struct notify *notify = calloc(1, sizeof(*notify));

	if (!notify)
		return NULL;
	notify->base = base;
	notify->spawner = spawner_new(base, PROGRAMS_MAX);
	notify->queue = notify->spawner ? notify_queue_new((size_t)QUEUE_MIB << 20) : NULL;
	if (!notify->queue) {
		spawner_free(notify->spawner);
		free(notify);
		return NULL;
	}
	TAILQ_INIT(&notify->notifiers);
	LIST_INIT(&notify->runs);
	evtimer_assign(&notify->start, base, start_ran, notify);
	evtimer_assign(&notify->minute, base, minute_ran, notify);
	notify->subscriber = (struct event_subscriber){ .on_event = on_event, .arg = notify };
	event_subscribe(&notify->subscriber);
	return notify;
}

/* An existing program not yet claimed: the configuration may list the same program twice. */
static struct notifier *find(struct notify *notify, const char *const *command)
{
	struct notifier *notifier;

	TAILQ_FOREACH (notifier, &notify->notifiers, link) {
		if (notifier->gone && same_words(notifier->argv, command))
			return notifier;
	}
	return NULL;
}

static void claim(struct notify *notify, const struct notify_config *config)
{
	struct notifier *notifier = find(notify, config->command);

	if (!notifier) {
		notifier = memory_calloc(1, sizeof(*notifier));
		notifier->argv = copy_words(config->command);
		TAILQ_INSERT_TAIL(&notify->notifiers, notifier, link);
	}
	notifier->events = config->events;
	notifier->timeout_ms = config->timeout;
	notifier->gone = false;
}

void notify_configure(struct notify *notify, const struct notify_config *list, size_t count,
                      const struct spawn_user *user)
{
	struct notifier *notifier, *next;

	notify->user = *user;
	TAILQ_FOREACH (notifier, &notify->notifiers, link)
		notifier->gone = true;
	for (size_t i = 0; i < count; i++)
		claim(notify, &list[i]);
	for (notifier = TAILQ_FIRST(&notify->notifiers); notifier; notifier = next) {
		next = TAILQ_NEXT(notifier, link);
		if (!notifier->gone)
			continue;
		drop(notify, notifier, "no longer in the configuration");
		if (!notifier->running)
			notifier_free(notify, notifier);
	}
}

static void give_up(struct notify *notify)
{
	struct notifier *notifier;
	struct run *run;

	while ((run = LIST_FIRST(&notify->runs)) != NULL) {
		say_failed(run, "was killed, since the daemon is stopping", spawn_line(run->spawn));
		notify->counts.failed++;
		spawn_kill(run->spawn);
		finish(run);
	}
	TAILQ_FOREACH (notifier, &notify->notifiers, link)
		drop(notify, notifier, "the daemon is stopping");
	say_dropped(notify);
}

void notify_finish(struct notify *notify)
{
	const struct timeval patience = { .tv_sec = FINISH_S };

	if (notify->counts.running || notify_queue_count(notify->queue)) {
		notify->ending = true;
		event_base_loopexit(notify->base, &patience);
		event_base_dispatch(notify->base);
	}
	give_up(notify);
}

void notify_free(struct notify *notify)
{
	struct notifier *notifier;

	if (!notify)
		return;
	event_unsubscribe(&notify->subscriber);
	give_up(notify);
	while ((notifier = TAILQ_FIRST(&notify->notifiers)) != NULL)
		notifier_free(notify, notifier);
	event_del(&notify->start);
	event_del(&notify->minute);
	spawner_free(notify->spawner);
	notify_queue_free(notify->queue);
	free(notify);
}

void notify_count(const struct notify *notify, struct notify_counts *counts)
{
	*counts = notify->counts;
	counts->waiting = notify_queue_count(notify->queue);
}
