#include "monitor/override.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/moment.h"
#include "base/usage.h"
#include "event/event.h"
#include "roster/roster.h"

static const char *endpoint_id(const struct record *record)
{
	return record->config->endpoints[record->decided.election.forced].id;
}

static void emit(const struct record *record, enum event_type type, const char *reason)
{
	event_emit(&(struct event_record){ .type = type,
	                                   .record = record->config->name,
	                                   .endpoint = endpoint_id(record),
	                                   .reason = reason });
}

/* "by root until 2026-11-25T05:00:00Z: maintenance" */
static void say(const struct override *override, char *text, size_t size)
{
	char moment[MOMENT_TEXT_MAX];
	const char *until = override->until ? moment_format(override->until, moment) : NULL;

	snprintf(text, size, "by %s%s%s%s%s", override->by, until ? " until " : "",
	         until ? until : "", override->reason[0] ? ": " : "", override->reason);
}

const char *override_words(const struct record *record, char text[OVERRIDE_WORDS_MAX])
{
	int used = snprintf(text, OVERRIDE_WORDS_MAX, "forced to %s ", endpoint_id(record));

	say(record->decided.override, text + used, OVERRIDE_WORDS_MAX - (size_t)used);
	return text;
}

/* --- time ------------------------------------------------------------------------------------- */

/* The earliest of all deadlines; 0 if there is none. */
static uint64_t next_deadline(const struct roster *roster)
{
	uint64_t next = 0;

	for (size_t i = 0; i < roster->count; i++) {
		const struct override *override = roster->records[i].decided.override;

		if (override && override->deadline_ms &&
		    (next == 0 || override->deadline_ms < next))
			next = override->deadline_ms;
	}
	return next;
}

/* A deadline in the past makes the timer fire at once; no deadline disarms it. */
static void arm(const struct overrides *overrides)
{
	uint64_t next = next_deadline(overrides->roster);
	const struct itimerspec when = { .it_value = { .tv_sec = (time_t)(next / 1000),
		                                       .tv_nsec = (long)(next % 1000) * 1000000 } };

	if (timerfd_settime(overrides->fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		log_fatal("cannot set the timer of overrides: %s", strerror(errno));
}

static void forget(struct record *record)
{
	free(record->decided.override);
	record->decided.override = NULL;
	record->decided.election.forced = -1;
}

static void expire(const struct overrides *overrides, struct record *record)
{
	char words[OVERRIDE_WORDS_MAX];

	say(record->decided.override, words, sizeof(words));
	emit(record, EVENT_EXPIRED, words);
	forget(record);
	overrides->changed(overrides->arg, record);
}

static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
	const struct overrides *overrides = arg;
	uint64_t now_ms = clock_boot_ms(), ignored;

	(void)what;
	if (read(fd, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
		log_warning("the timer of overrides: %s", strerror(errno));
	for (size_t i = 0; i < overrides->roster->count; i++) {
		struct record *record = &overrides->roster->records[i];

		if (record->decided.override && record->decided.override->deadline_ms &&
		    record->decided.override->deadline_ms <= now_ms)
			expire(overrides, record);
	}
	arm(overrides);
}

/* --- setting, ending and carrying over -------------------------------------------------------- */

void overrides_init(struct overrides *overrides, struct event_base *base,
                    void (*changed)(void *arg, struct record *record), void *arg)
{
	*overrides = (struct overrides){
		.changed = changed,
		.arg = arg,
		.fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC),
	};
	if (overrides->fd >= 0)
		overrides->expiry =
		        event_new(base, overrides->fd, EV_READ | EV_PERSIST, on_expiry, overrides);
	if (!overrides->expiry || event_add(overrides->expiry, NULL) < 0)
		log_fatal("no timer for overrides: %s%s", strerror(errno), usage_limit_cure(errno));
}

void overrides_free(struct overrides *overrides)
{
	event_free(overrides->expiry);
	close(overrides->fd);
}

void override_restore(struct overrides *overrides, struct record *record, int endpoint,
                      const struct override *override)
{
	if (!record->decided.override)
		record->decided.override = memory_calloc(1, sizeof(*record->decided.override));
	*record->decided.override = *override;
	record->decided.election.forced = endpoint;
	arm(overrides);
}

void override_set(struct overrides *overrides, struct record *record, int endpoint,
                  const struct override *override)
{
	char words[OVERRIDE_WORDS_MAX];

	override_restore(overrides, record, endpoint, override);
	say(override, words, sizeof(words));
	emit(record, EVENT_FORCED, words);
}

void override_release(struct overrides *overrides, struct record *record, const char *by)
{
	char words[OVERRIDE_NAME_MAX + 8];

	if (!record->decided.override)
		return;
	snprintf(words, sizeof(words), "by %s", by);
	emit(record, EVENT_RELEASED, words);
	forget(record);
	arm(overrides);
}

static void carry(struct record *from, struct record *to)
{
	if (to && strcasecmp(to->config->name, from->config->name) == 0 &&
	    to->decided.election.forced >= 0) {
		to->decided.override = from->decided.override;
		from->decided.override = NULL;
		return;
	}
	emit(from, EVENT_DROPPED, OVERRIDE_GONE);
	forget(from);
}

void overrides_carry(struct overrides *overrides, struct roster *old, const struct roster *roster)
{
	overrides->roster = roster;
	for (size_t i = 0; old && i < old->count; i++) {
		struct record *record = &old->records[i];

		if (record->decided.override)
			carry(record, roster_find(roster, record->config->name));
	}
	arm(overrides);
}
