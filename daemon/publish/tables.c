#include "publish/tables.h"

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"

#define BEAT_US (SHUNT_HEARTBEAT_MS * 1000u)

/*
 * libevent schedules the next heartbeat one period after this one was due, unless that time has
 * passed.
 */
static void note_lateness(struct tables *tables)
{
	uint64_t now_us = clock_us(), due_us = tables->beat_due_us;

	histogram_observe(&tables->late, now_us > due_us ? now_us - due_us : 0);
	due_us += BEAT_US;
	tables->beat_due_us = due_us > now_us ? due_us : now_us + BEAT_US;
}

static void beat(evutil_socket_t fd, short what, void *arg)
{
	struct tables *tables = arg;

	(void)fd;
	(void)what;
	note_lateness(tables);
	if (tables->current)
		publish_heartbeat(tables->current);
	if (tables->superseded)
		publish_heartbeat(tables->superseded);
}

static void forget_superseded(evutil_socket_t fd, short what, void *arg)
{
	struct tables *tables = arg;

	(void)fd;
	(void)what;
	publish_free(tables->superseded);
	tables->superseded = NULL;
}

void tables_init(struct tables *tables, struct event_base *base)
{
	*tables = (struct tables){
		.heartbeat = event_new(base, -1, EV_PERSIST, beat, tables),
		.forget = event_new(base, -1, 0, forget_superseded, tables),
		.beat_due_us = clock_us() + BEAT_US,
	};
	if (!tables->heartbeat || !tables->forget)
		log_fatal("out of memory");
	timer_arm(tables->heartbeat, SHUNT_HEARTBEAT_MS);
}

void tables_free(struct tables *tables)
{
	event_free(tables->heartbeat);
	event_free(tables->forget);
	if (tables->current)
		publish_free(tables->current);
	if (tables->superseded)
		publish_free(tables->superseded);
}

void tables_replace(struct tables *tables, struct publish *table)
{
	if (tables->superseded)
		publish_free(tables->superseded);
	tables->superseded = tables->current;
	tables->current = table;
}

void tables_supersede(struct tables *tables)
{
	if (!tables->superseded)
		return;
	publish_supersede(tables->superseded);
	timer_arm(tables->forget, SHUNT_SUPERSEDED_MS);
}

void tables_publish(const struct tables *tables, struct tables_place place, int answer,
                    const struct publish_endpoint *endpoints, size_t count)
{
	publish_record(tables->current, place.index, answer, endpoints, count);
	if (tables->superseded && place.previous >= 0)
		publish_record(tables->superseded, (size_t)place.previous, answer, endpoints,
		               count);
}
