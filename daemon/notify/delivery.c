#include "notify/delivery.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/timer.h"
#include "event/event.h"
#include "notify/program.h"
#include "notify/queue.h"
#include "process/spawn.h"

static void say_failed(const struct delivery *delivery, const char *words, const char *line)
{
	char text[SPAWN_WORDS_MAX + SPAWN_LINE_MAX];

	printable_clean(text, sizeof(text), line);
	log_warning("notify: %s, event %llu: %s%s%s", delivery->notifier->argv[0],
	            (unsigned long long)delivery->item->event->seq, words, *text ? ": " : "", text);
}

static void end(struct delivery *delivery, enum delivery_outcome outcome, int error)
{
	event_del(&delivery->deadline);
	delivery->ended(delivery, outcome, error);
	free(delivery);
}

static bool is_shortage(int error)
{
	return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

static enum delivery_outcome judge(const struct delivery *delivery, const struct spawn_end *end)
{
	char words[SPAWN_WORDS_MAX];

	if (end->failed && is_shortage(end->error) && !delivery->notifier->gone)
		return DELIVERY_SHORTAGE;
	if (!end->failed && !end->signal && end->status == 0)
		return DELIVERY_DONE;
	say_failed(delivery, spawn_words(end, words), end->line);
	return end->failed ? DELIVERY_UNRUN : DELIVERY_FAILED;
}

static void on_ended(void *arg, const struct spawn_end *how)
{
	struct delivery *delivery = arg;

	end(delivery, judge(delivery, how), how->error);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct delivery *delivery = arg;
	char lasted[DURATION_TEXT_MAX], words[64];

	(void)fd;
	(void)what;
	snprintf(words, sizeof(words), "timed out after %s and was killed",
	         duration_format(delivery->notifier->timeout_ms, lasted));
	say_failed(delivery, words, spawn_line(delivery->spawn));
	spawn_kill(delivery->spawn);
	end(delivery, DELIVERY_TIMED_OUT, 0);
}

void delivery_kill(struct delivery *delivery, const char *why)
{
	say_failed(delivery, why, spawn_line(delivery->spawn));
	spawn_kill(delivery->spawn);
	end(delivery, DELIVERY_KILLED, 0);
}

struct delivery *delivery_start(struct event_base *base, struct spawner *spawner,
                                const struct spawn_user *user, struct notify_item *item,
                                delivery_ended *ended, void *arg)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));
	struct spawn_program program;

	if (!delivery)
		return NULL;
	delivery->notifier = item->owner;
	delivery->item = item;
	delivery->ended = ended;
	delivery->arg = arg;
	if (notify_program_make(delivery->notifier->argv, item->event, &program))
		delivery->spawn = spawn_start(spawner, &program, user, on_ended, delivery);
	if (!delivery->spawn) {
		free(delivery);
		return NULL;
	}
	evtimer_assign(&delivery->deadline, base, on_deadline, delivery);
	timer_arm(&delivery->deadline, delivery->notifier->timeout_ms);
	return delivery;
}
