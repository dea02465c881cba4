#include "monitor/decide.h"

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"
#include "door/door.h"
#include "event/event.h"
#include "monitor/agree.h"
#include "monitor/leave.h"
#include "monitor/view.h"
#include "publish/tables.h"
#include "roster/host_fault.h"
#include "state/state.h"

static void record_wakes(evutil_socket_t fd, short what, void *arg)
{
	struct record *record = arg;

	(void)fd;
	(void)what;
	decide_record(record->decided.by, record);
}

static void arm_wake(const struct decide *decide, struct record *record, uint64_t now_ms)
{
	struct decision *decided = &record->decided;
	uint64_t due = decided->election.wake_ms;

	if (due == 0) {
		if (decided->wake)
			event_del(decided->wake);
		return;
	}
	decided->by = decide;
	if (!decided->wake)
		decided->wake = evtimer_new(decide->base, record_wakes, record);
	if (!decided->wake)
		log_fatal("out of memory");
	timer_arm(decided->wake, due > now_ms ? due - now_ms : 1);
}

/*
 * Failures that may be this host's fault are held, and the answer is held with them. The exception
 * is a record with an endpoint that is healthy without those failures: a lost site looks the same
 * from here, and the record can fail over. A healthy endpoint beyond this host needs no such rule,
 * because its answer shows that this host is not cut off.
 */
static bool counts_the_lost(const struct record *record)
{
	bool healthy = record->config->isolation == ISOLATION_OFF;

	for (size_t i = 0; i < record->count && !healthy; i++) {
		const struct endpoint *endpoint = &record->endpoints[i];

		healthy = endpoint->count > 0 &&
		          endpoint_health(endpoint, TARGET_HERE_ALONE) == HEALTH_UP;
	}
	return healthy;
}

static bool is_any_lost(const struct record *record)
{
	for (size_t i = 0; i < record->count; i++) {
		if (endpoint_health(&record->endpoints[i], TARGET_IF_LOST) !=
		    endpoint_health(&record->endpoints[i], TARGET_COUNTED))
			return true;
	}
	return false;
}

static bool elect(const struct decide *decide, struct record *record, uint64_t now_ms)
{
	struct election *election = &record->decided.election;
	struct election_endpoint endpoints[SHUNT_ENDPOINTS_MAX];
	enum target_view view;

	for (size_t i = 0; i < record->count; i++)
		endpoint_refresh(&record->endpoints[i], clock_us());
	view = counts_the_lost(record) ? TARGET_IF_LOST : TARGET_COUNTED;
	election->hold = view == TARGET_COUNTED && is_any_lost(record);
	election->unsettled = record->decided.unsettled;

	for (size_t i = 0; i < record->count; i++) {
		struct endpoint *endpoint = &record->endpoints[i];

		endpoint_count_health(endpoint, view, now_ms);
		endpoints[i] = (struct election_endpoint){ .health = endpoint->health,
			                                   .reachable = endpoint->count > 0,
			                                   .healthy_ms = endpoint->healthy_ms };
	}
	if (record->decided.agreement)
		return agree_elect(decide->fleet, record, endpoints, now_ms);
	return election_run(election, &record->config->policy, endpoints, record->count, now_ms);
}

void decide_publish(const struct decide *decide, const struct record *record)
{
	struct publish_endpoint endpoints[SHUNT_ENDPOINTS_MAX];

	for (size_t i = 0; i < record->count; i++) {
		const struct endpoint *endpoint = &record->endpoints[i];

		endpoints[i].count = endpoint->count;
		for (size_t k = 0; k < endpoint->count; k++)
			endpoints[i].addresses[k] = *endpoint->members[k]->address;
		record_flags(record, i, endpoints[i].flags);
	}
	tables_publish(decide->tables, (struct tables_place){ record->index, record->previous },
	               record->decided.election.answer, endpoints, record->count);
	door_changed(decide->door);
}

void decide_announce(const struct decide *decide, struct record *record, const char *from)
{
	bool isolated = host_fault_is_isolated(decide->host_fault);
	char reason[VIEW_REASON_MAX];

	record->decided.changes++;
	event_emit(
	        &(struct event_record){ .type = EVENT_ANSWER,
	                                .record = record->config->name,
	                                .from = from,
	                                .to = view_answer(record, record->decided.election.answer),
	                                .reason = view_reason(record, isolated, reason) });
}

void decide_remember(const struct decide *decide)
{
	if (decide->state && !decide->starting)
		state_changed(decide->state);
}

void decide_record(const struct decide *decide, struct record *record)
{
	struct decision *decided = &record->decided;
	uint64_t now_ms = clock_ms();
	const char *from =
	        decided->gone ? decided->gone : view_answer(record, decided->election.answer);
	const int before = decided->gone ? ELECTION_FAIL : decided->election.answer;
	bool changed = elect(decide, record, now_ms) || decided->gone;

	decide_publish(decide, record);
	leave_observe(decide->leaves, record, before, !decide->starting && !decided->unsettled);
	if (decided->agreement && !decide->starting && !decided->unsettled)
		agree_vote(decide->fleet, record);
	arm_wake(decide, record, now_ms);
	decided->gone = NULL;
	decide_remember(decide);
	if (!changed)
		return;
	decided->since = time(NULL);
	if (!decide->starting)
		decide_announce(decide, record, from);
}
