#include "publish/tables.h"

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"

#define BEAT_US (SHUNT_HEARTBEAT_MS * 1000u)

/* The next one is due as libevent has it: one period after this one was, unless that is past. */
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
		fatal("out of memory");
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

void tables_publish(const struct tables *tables, const struct record *record, size_t index)
{
	struct publish_endpoint endpoints[SHUNT_ENDPOINTS_MAX];

	for (size_t i = 0; i < record->count; i++) {
		const struct endpoint *endpoint = &record->endpoints[i];

		endpoints[i].count = endpoint->count;
		for (size_t k = 0; k < endpoint->count; k++)
			endpoints[i].addresses[k] = endpoint->members[k]->address;
		endpoint_answers(endpoint, endpoints[i].answer);
	}
	publish_record(tables->current, index, record->election.answer, endpoints, record->count);
	if (tables->superseded && record->previous >= 0)
		publish_record(tables->superseded, (size_t)record->previous,
		               record->election.answer, endpoints, record->count);
}
