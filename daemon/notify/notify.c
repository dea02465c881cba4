#include "notify/notify.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "event/event.h"
#include "notify/delivery.h"
#include "notify/notifier.h"
#include "notify/queue.h"
#include "process/spawn.h"

#define RUNNING_MAX 16u
/* Besides those running, as many killed processes may linger, stuck in the kernel. */
#define PROGRAMS_MAX (2 * RUNNING_MAX)
#define QUEUE_MIB 64u
#define RETRY_MS 1000u
#define FINISH_S 3

struct notify {
	struct event_base *base;
	struct spawner *spawner;
	struct spawn_user user;
	struct event_subscriber subscriber;
	struct notify_queue *queue;
	struct notifier_list notifiers;
	struct delivery_list deliveries;
	struct event start; /* starts the programs that may run */
	bool held;          /* starting is suspended: the host is out of resources */
	bool held_said;
	bool ending;
	struct log_throttle full;    /* counts events for which the queue had no room */
	struct event minute;         /* those that were not logged yet will be */
	struct notify_counts counts; /* all but `waiting` */
};

/* --- dropped events --------------------------------------------------------------------------- */

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

static void say_full(uint64_t count)
{
	log_warning("notify: more than %u MiB pending: %llu more event%s not delivered", QUEUE_MIB,
	            (unsigned long long)count, count == 1 ? "" : "s");
}

/* Logs a line now, or when the minute of the last one is over. */
static void count_full(struct notify *notify, uint64_t count)
{
	uint64_t unsaid = log_throttle_count(&notify->full, count, clock_ms());

	if (unsaid)
		say_full(unsaid);
	else if (notify->full.unsaid && !evtimer_pending(&notify->minute, NULL))
		timer_arm(&notify->minute, LOG_THROTTLE_MS);
}

static void minute_ran(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	count_full(arg, 0);
}

/* --- starting --------------------------------------------------------------------------------- */

static void start_soon(struct notify *notify)
{
	if (!notify->held)
		timer_arm(&notify->start, 0);
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

/* Its place is free. */
static void unlink_delivery(struct notify *notify, struct delivery *delivery)
{
	struct notifier *notifier = delivery->notifier;

	LIST_REMOVE(delivery, link);
	notify->counts.running--;
	notifier->running--;
	notifier_release(&notify->notifiers, notifier);
	if (!notify->ending || notify->counts.running || notify_queue_count(notify->queue))
		start_soon(notify);
	else
		event_base_loopbreak(notify->base);
}

static void count_outcome(struct notify *notify, enum delivery_outcome outcome)
{
	if (notify->held_said && (outcome == DELIVERY_DONE || outcome == DELIVERY_FAILED)) {
		log_info("notify: programs can be started again");
		notify->held_said = false;
	}
	if (outcome == DELIVERY_DONE)
		notify->counts.delivered++;
	else if (outcome == DELIVERY_TIMED_OUT)
		notify->counts.timed_out++;
	else
		notify->counts.failed++;
}

static void on_ended(struct delivery *delivery, enum delivery_outcome outcome, int error)
{
	struct notify *notify = delivery->arg;

	if (outcome == DELIVERY_SHORTAGE) {
		hold(notify, delivery->item, error);
	} else {
		count_outcome(notify, outcome);
		notify_queue_done(notify->queue, delivery->item);
	}
	unlink_delivery(notify, delivery);
}

static void start(struct notify *notify, struct notify_item *item)
{
	struct delivery *delivery = delivery_start(notify->base, notify->spawner, &notify->user,
	                                           item, on_ended, notify);

	if (!delivery) {
		hold(notify, item, errno);
		return;
	}
	LIST_INSERT_HEAD(&notify->deliveries, delivery, link);
	notify->counts.running++;
	delivery->notifier->running++;
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
	uint64_t full = 0;

	TAILQ_FOREACH (notifier, &notify->notifiers, link)
		full += notifier_wants(notifier, event) &&
		        !notify_queue_put(notify->queue, notifier, event);
	notify->counts.dropped += full;
	count_full(notify, full);
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
	LIST_INIT(&notify->deliveries);
	evtimer_assign(&notify->start, base, start_ran, notify);
	evtimer_assign(&notify->minute, base, minute_ran, notify);
	notify->subscriber = (struct event_subscriber){ .on_event = on_event, .arg = notify };
	event_subscribe(&notify->subscriber);
	return notify;
}

void notify_configure(struct notify *notify, const struct notify_config *list, size_t count,
                      const struct spawn_user *user)
{
	struct notifier *notifier, *next;

	notify->user = *user;
	notifiers_configure(&notify->notifiers, list, count);
	for (notifier = TAILQ_FIRST(&notify->notifiers); notifier; notifier = next) {
		next = TAILQ_NEXT(notifier, link);
		if (!notifier->gone)
			continue;
		drop(notify, notifier, "no longer in the configuration");
		notifier_release(&notify->notifiers, notifier);
	}
}

static void give_up(struct notify *notify)
{
	struct notifier *notifier;
	struct delivery *delivery;

	while ((delivery = LIST_FIRST(&notify->deliveries)) != NULL)
		delivery_kill(delivery, "was killed, since the daemon is stopping");
	TAILQ_FOREACH (notifier, &notify->notifiers, link)
		drop(notify, notifier, "the daemon is stopping");
	if (notify->full.unsaid)
		say_full(notify->full.unsaid);
	notify->full.unsaid = 0;
}

void notify_finish(struct notify *notify)
{
	const struct timeval patience = { .tv_sec = FINISH_S };

	if (notify->counts.running || notify_queue_count(notify->queue)) {
		notify->ending = true;
		/* Without memory for that bound there is no wait. */
		if (event_base_loopexit(notify->base, &patience) == 0)
			event_base_dispatch(notify->base);
	}
	give_up(notify);
}

void notify_free(struct notify *notify)
{
	if (!notify)
		return;
	event_unsubscribe(&notify->subscriber);
	give_up(notify);
	notifiers_free(&notify->notifiers);
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
