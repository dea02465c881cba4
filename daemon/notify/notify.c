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
/* So many may be killed and not gone yet, hanging within the kernel, beside as many that run. */
#define PROGRAMS_MAX (2 * RUNNING_MAX)
#define QUEUE_MIB 64u
#define RETRY_MS 1000u
#define SAY_DROPPED_MS 60000u
#define FINISH_S 3

/* One of the configuration's. The owner of what waits for it. */
struct teller {
	TAILQ_ENTRY(teller) link;
	char **argv; /* one block */
	uint32_t events;
	uint32_t timeout_ms;
	unsigned running;
	bool gone; /* from the configuration: it stays as long as it runs */
};

struct run {
	LIST_ENTRY(run) link;
	struct notify *notify;
	struct teller *teller;
	struct notify_item *item;
	struct spawn *spawn;
	struct event deadline;
};

TAILQ_HEAD(teller_list, teller);
LIST_HEAD(run_list, run);

struct notify {
	struct event_base *base;
	struct spawner *spawner;
	struct spawn_user user;
	struct event_subscriber subscriber;
	struct notify_queue *queue;
	struct teller_list tellers;
	struct run_list runs;
	struct event start; /* what may run is started */
	bool held;          /* and that waits, since the host had no means */
	bool held_said;
	bool ending;
	struct event minute; /* until what is dropped may be said again */
	uint64_t unsaid;
	struct notify_counts counts; /* all but `waiting` */
};

/* --- what is said -------------------------------------------------------------------------------- */

static void say_failed(const struct run *run, const char *words, const char *line)
{
	char text[SPAWN_WORDS_MAX + SPAWN_LINE_MAX];

	probe_text_clean(text, sizeof(text), line);
	log_warning("notify: %s, event %llu: %s%s%s", run->teller->argv[0],
	            (unsigned long long)run->item->event->seq, words, *text ? ": " : "", text);
}

/* One line for all that waits for a program and will not come. */
static void drop(struct notify *notify, struct teller *teller, const char *why)
{
	const struct event_item *oldest;
	size_t count = notify_queue_waiting(notify->queue, teller, &oldest);

	if (!count)
		return;
	log_warning("notify: %s: %s: %zu %s not told, the first is %llu: %s", teller->argv[0], why,
	            count, count == 1 ? "event is" : "events are", (unsigned long long)oldest->seq,
	            oldest->text);
	notify->counts.dropped += count;
	notify_queue_drop(notify->queue, teller);
}

static void say_dropped(struct notify *notify)
{
	if (!notify->unsaid)
		return;
	log_warning("notify: more than %u MiB wait: %llu more %s not told", QUEUE_MIB,
	            (unsigned long long)notify->unsaid,
	            notify->unsaid == 1 ? "event is" : "events are");
	notify->unsaid = 0;
	timer_arm(&notify->minute, SAY_DROPPED_MS);
}

static void minute_ran(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	say_dropped(arg);
}

/* --- programs ------------------------------------------------------------------------------------ */

static char **copy_words(const char *const *words)
{
	size_t count = 0, bytes = 0;
	char **copy, *text;

	for (; words[count]; count++)
		bytes += strlen(words[count]) + 1;
	copy = xcalloc(1, (count + 1) * sizeof(*copy) + bytes);
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

static void teller_free(struct notify *notify, struct teller *teller)
{
	TAILQ_REMOVE(&notify->tellers, teller, link);
	free(teller->argv);
	free(teller);
}

/* --- running ------------------------------------------------------------------------------------- */

static void start_soon(struct notify *notify)
{
	if (!notify->held)
		timer_arm(&notify->start, 0);
}

static void run_free(struct run *run)
{
	struct notify *notify = run->notify;
	struct teller *teller = run->teller;

	event_del(&run->deadline);
	LIST_REMOVE(run, link);
	notify->counts.running--;
	teller->running--;
	if (teller->gone && !teller->running)
		teller_free(notify, teller);
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

/* It stays the next one. Nothing else would start either. */
static void hold(struct notify *notify, struct notify_item *item, int error)
{
	const struct teller *teller = item->owner;

	if (!notify->held_said)
		log_warning("notify: cannot start %s: %s; it is tried again every second",
		            teller->argv[0], strerror(error));
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

	if (end->failed && is_our_fault(end->error) && !run->teller->gone) {
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
	         duration_format(run->teller->timeout_ms, lasted));
	say_failed(run, words, spawn_line(run->spawn));
	run->notify->counts.timed_out++;
	spawn_kill(run->spawn);
	finish(run);
}

/* NULL with errno. */
static struct run *run_new(struct notify *notify, struct notify_item *item)
{
	const struct teller *teller = item->owner;
	struct run *run = calloc(1, sizeof(*run));
	struct spawn_program program;

	if (!run)
		return NULL;
	if (notify_program_make(teller->argv, item->event, &program))
		run->spawn = spawn_start(notify->spawner, &program, &notify->user, ended, run);
	if (run->spawn)
		return run;
	free(run);
	return NULL;
}

static void start(struct notify *notify, struct notify_item *item)
{
	struct teller *teller = item->owner;
	struct run *run = run_new(notify, item);

	if (!run) {
		hold(notify, item, errno);
		return;
	}
	run->notify = notify;
	run->teller = teller;
	run->item = item;
	LIST_INSERT_HEAD(&notify->runs, run, link);
	notify->counts.running++;
	teller->running++;
	evtimer_assign(&run->deadline, notify->base, deadline_ran, run);
	timer_arm(&run->deadline, teller->timeout_ms);
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

/* --- events -------------------------------------------------------------------------------------- */

static void on_event(void *arg, struct event_item *event)
{
	struct notify *notify = arg;
	struct teller *teller;

	TAILQ_FOREACH (teller, &notify->tellers, link) {
		if (teller->gone || !(teller->events & UINT32_C(1) << event->what.type) ||
		    notify_queue_put(notify->queue, teller, event))
			continue;
		notify->counts.dropped++;
		notify->unsaid++;
	}
	if (!evtimer_pending(&notify->minute, NULL))
		say_dropped(notify);
	if (notify_queue_count(notify->queue))
		start_soon(notify);
}

/* --- for callers --------------------------------------------------------------------------------- */

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
	TAILQ_INIT(&notify->tellers);
	LIST_INIT(&notify->runs);
	evtimer_assign(&notify->start, base, start_ran, notify);
	evtimer_assign(&notify->minute, base, minute_ran, notify);
	notify->subscriber = (struct event_subscriber){ .on_event = on_event, .arg = notify };
	event_subscribe(&notify->subscriber);
	return notify;
}

/* One that is there, and not claimed yet: the same program may stand twice. */
static struct teller *find(struct notify *notify, const char *const *command)
{
	struct teller *teller;

	TAILQ_FOREACH (teller, &notify->tellers, link) {
		if (teller->gone && same_words(teller->argv, command))
			return teller;
	}
	return NULL;
}

static void claim(struct notify *notify, const struct notify_config *config)
{
	struct teller *teller = find(notify, config->command);

	if (!teller) {
		teller = xcalloc(1, sizeof(*teller));
		teller->argv = copy_words(config->command);
		TAILQ_INSERT_TAIL(&notify->tellers, teller, link);
	}
	teller->events = config->events;
	teller->timeout_ms = config->timeout;
	teller->gone = false;
}

void notify_configure(struct notify *notify, const struct notify_config *list, size_t count,
                      const struct spawn_user *user)
{
	struct teller *teller, *next;

	notify->user = *user;
	TAILQ_FOREACH (teller, &notify->tellers, link)
		teller->gone = true;
	for (size_t i = 0; i < count; i++)
		claim(notify, &list[i]);
	for (teller = TAILQ_FIRST(&notify->tellers); teller; teller = next) {
		next = TAILQ_NEXT(teller, link);
		if (!teller->gone)
			continue;
		drop(notify, teller, "no longer in the configuration");
		if (!teller->running)
			teller_free(notify, teller);
	}
}

static void give_up(struct notify *notify)
{
	struct teller *teller;
	struct run *run;

	while ((run = LIST_FIRST(&notify->runs)) != NULL) {
		say_failed(run, "was killed, since the daemon ends", spawn_line(run->spawn));
		notify->counts.failed++;
		spawn_kill(run->spawn);
		finish(run);
	}
	TAILQ_FOREACH (teller, &notify->tellers, link)
		drop(notify, teller, "the daemon ends");
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
	struct teller *teller;

	if (!notify)
		return;
	event_unsubscribe(&notify->subscriber);
	give_up(notify);
	while ((teller = TAILQ_FIRST(&notify->tellers)) != NULL)
		teller_free(notify, teller);
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
