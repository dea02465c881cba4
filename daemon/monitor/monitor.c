#include "monitor/monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/printable.h"
#include "base/timer.h"
#include "event/event.h"
#include "monitor/host_fault.h"
#include "monitor/override.h"
#include "monitor/persist.h"
#include "monitor/roster.h"
#include "monitor/target.h"
#include "monitor/target_event.h"
#include "monitor/view.h"
#include "probe/schedule.h"
#include "publish/publish.h"
#include "publish/tables.h"
#include "state/format.h"
#include "state/state.h"

#define SETTLE_MS 5000u     /* a table settles after this at the latest */
#define SETTLE_CHECK_MS 20u /* how often it is looked at before */
#define WAKE_AGAIN_MS 1000u /* a failback that is due while this host is isolated */

struct monitor {
	struct monitor_parts parts;
	struct config *config;
	struct roster *roster;
	struct targets targets;
	struct overrides overrides;
	struct silence *silence;
	struct tables tables;
	struct record *changed; /* those to update; linked by next_changed */
	uint64_t generation;
	uint64_t settle_by_ms;
	struct log_throttle own_fault; /* of lines on probes that we could not make */
	bool settled;
	struct event *settle;
	struct event *sweep; /* targets without users */
};

/* --- from a health to the table ---------------------------------------------------------------- */

static void record_update(struct monitor *monitor, struct record *record);

static void record_wakes(evutil_socket_t fd, short what, void *arg)
{
	struct record *record = arg;

	(void)fd;
	(void)what;
	if (record->roster->targets->isolation.isolated)
		timer_arm(record->wake, WAKE_AGAIN_MS);
	else
		record_update(record->roster->arg, record);
}

static void arm_wake(struct monitor *monitor, struct record *record, uint64_t now_ms)
{
	uint64_t due = record->election.wake_ms;

	if (due == 0) {
		if (record->wake)
			event_del(record->wake);
		return;
	}
	if (!record->wake)
		record->wake = evtimer_new(monitor->parts.base, record_wakes, record);
	if (!record->wake)
		fatal("out of memory");
	timer_arm(record->wake, due > now_ms ? due - now_ms : 1);
}

static bool elect(struct record *record, uint64_t now_ms)
{
	struct election_endpoint endpoints[SHUNT_ENDPOINTS_MAX];

	for (size_t i = 0; i < record->count; i++) {
		struct endpoint *endpoint = &record->endpoints[i];

		endpoint_count_health(endpoint, now_ms);
		endpoints[i] = (struct election_endpoint){ .health = endpoint->health,
			                                   .reachable = endpoint->count > 0,
			                                   .healthy_ms = endpoint->healthy_ms };
	}
	return election_run(&record->election, &record->config->policy, endpoints, record->count,
	                    now_ms);
}

static void announce(struct record *record, const char *from)
{
	char reason[MONITOR_REASON_MAX];

	record->changes++;
	event_emit(&(struct event_record){ .type = EVENT_ANSWER,
	                                   .record = record->config->name,
	                                   .from = from,
	                                   .to = view_answer(record, record->election.answer),
	                                   .reason = view_reason(record, reason) });
}

/* Before the first table is settled the answers come and go with the first verdicts: settle() tells what is left of that. */
static bool is_starting(const struct monitor *monitor)
{
	return monitor->generation == 1 && !monitor->settled;
}

/* Before the first table is settled, the file of another life knows more than we do. */
static void remember(const struct monitor *monitor)
{
	if (monitor->parts.state && !is_starting(monitor))
		state_changed(monitor->parts.state);
}

static void record_update(struct monitor *monitor, struct record *record)
{
	uint64_t now_ms = clock_ms();
	const char *from =
	        record->gone ? record->gone : view_answer(record, record->election.answer);
	bool changed = elect(record, now_ms) || record->gone;

	tables_publish(&monitor->tables, record, (size_t)(record - monitor->roster->records));
	arm_wake(monitor, record, now_ms);
	record->gone = NULL;
	remember(monitor);
	if (!changed)
		return;
	record->since = time(NULL);
	if (!is_starting(monitor))
		announce(record, from);
}

/* A record may have several addresses behind one target: each is updated once. */
static void mark_users(struct monitor *monitor, const struct target *target)
{
	for (struct member *user = target->users; user; user = user->next_user) {
		struct record *record = user->endpoint->record;

		if (record->changed)
			continue;
		record->changed = true;
		record->next_changed = monitor->changed;
		monitor->changed = record;
	}
}

static void update_marked(struct monitor *monitor)
{
	while (monitor->changed) {
		struct record *record = monitor->changed;

		monitor->changed = record->next_changed;
		record->changed = false;
		record_update(monitor, record);
	}
}

/*
 * What a verdict on the target makes of those that are calculated from it, and of the records: they are marked. The
 * configuration bounds how deep this goes.
 */
static void spread(struct monitor *monitor, const struct target *target, enum health_state before)
{
	struct target_child *child;

	if (target->health.state != before) {
		monitor_event_health(target, before);
		mark_users(monitor, target);
	}
	LIST_FOREACH(child, &target->parents, sibling)
	{
		enum health_state parent_before = child->parent->health.state;

		if (target_calculate(child->parent))
			spread(monitor, child->parent, parent_before);
	}
}

static void sweep_later(struct monitor *monitor)
{
	event_active(monitor->sweep, EV_TIMEOUT, 0);
}

/* It counts against nobody, but must not last unseen. */
static void report_own_fault(struct monitor *monitor, const struct target *target)
{
	char text[ADDRESS_TEXT_MAX];

	if (!log_throttle_pass(&monitor->own_fault, clock_ms()))
		return;
	log_warning("a probe of %s ended without a verdict, which counts for nothing: %s",
	            address_format(&target->address, text), target->error);
}

static void count(struct monitor *monitor, struct target *target, enum verdict verdict)
{
	enum health_state before = target->health.state;

	if (target->check->invert)
		verdict = health_invert_verdict(verdict);
	if (verdict != VERDICT_NONE)
		target_arrived(target);
	if (health_observe(&target->health, &target->check->rules, verdict))
		sweep_later(monitor);
	spread(monitor, target, before);
	update_marked(monitor);
}

static void count_held(void *arg, struct target *target, unsigned failures)
{
	while (failures--)
		count(arg, target, VERDICT_FAIL);
}

/* What readers see of it. */
static void note(struct target *target, const struct probe_result *result)
{
	const bool invert = target->check->invert;
	const char *detail = result->detail;

	target->last_probe = time(NULL);
	if (result->verdict == VERDICT_PASS) {
		target->latency_us = result->elapsed_us;
		memcpy(target->part_us, result->part_us, sizeof(target->part_us));
	}
	if (result->verdict == (invert ? VERDICT_FAIL : VERDICT_PASS))
		target->error[0] = '\0';
	else if (result->verdict == VERDICT_PASS)
		snprintf(target->error, sizeof(target->error),
		         "it passes, and the check is inverted%s%s", *detail ? ": " : "", detail);
	else
		memcpy(target->error, detail, sizeof(target->error));
}

/* What every probe ends in. */
static uint32_t monitor_verdict(void *arg, struct target *target, const struct probe_result *result)
{
	struct monitor *monitor = arg;

	note(target, result);
	if (result->expires)
		monitor_event_certificate(target, result->expires, target->last_probe);
	if (result->verdict == VERDICT_NONE)
		report_own_fault(monitor, target);
	count(monitor, target, silence_judge(monitor->silence, target, result));
	monitor_event_certainty(target, result->verdict == VERDICT_NONE, clock_ms());
	if (target->site.held)
		return target->check->fast_interval;
	return probe_schedule_delay_ms(target->check, &target->health);
}

static void record_changed(void *arg, struct record *record)
{
	struct monitor *monitor = arg;

	record_update(monitor, record);
	sweep_later(monitor);
}

/* Its time was up. */
static void override_ended(void *arg, struct record *record)
{
	record_update(arg, record);
}

/* --- timers ------------------------------------------------------------------------------------ */

static void announce_start(const struct roster *roster)
{
	for (size_t i = 0; i < roster->count; i++) {
		struct record *record = &roster->records[i];

		if (record->election.answer != 0)
			announce(record, view_answer(record, 0));
	}
}

/* Until now the answers came and went; from now on what another life left is history. */
static void forget_saved(struct monitor *monitor)
{
	if (monitor->parts.saved)
		monitor_state_settle(monitor->parts.saved, monitor->roster);
	monitor->targets.saved = NULL;
	saved_free(monitor->parts.saved);
	monitor->parts.saved = NULL;
}

static void settle(struct monitor *monitor)
{
	if (is_starting(monitor))
		announce_start(monitor->roster);
	monitor->settled = true;
	forget_saved(monitor);
	remember(monitor);
	event_del(monitor->settle);
	publish_settle(monitor->tables.current);
	event_emit(&(struct event_record){
	        .type = EVENT_SETTLED,
	        .reason = monitor->targets.awaited ? "time is up, not every check has a verdict"
	                                           : "every check has a verdict" });
	if (monitor->parts.settled)
		monitor->parts.settled(monitor->parts.arg);
}

static void look_whether_settled(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *monitor = arg;

	(void)fd;
	(void)what;
	if (clock_ms() >= monitor->settle_by_ms ||
	    (monitor->targets.awaited == 0 && roster_unresolved(monitor->roster) == 0))
		settle(monitor);
}

static void sweep_targets(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *monitor = arg;

	(void)fd;
	(void)what;
	targets_sweep(&monitor->targets);
	silence_recount(monitor->silence);
}

/* --- start, reload, stop ----------------------------------------------------------------------- */

static struct event *timer(struct monitor *monitor, short what, event_callback_fn callback)
{
	struct event *event = event_new(monitor->parts.base, -1, what, callback, monitor);

	if (!event)
		fatal("out of memory");
	return event;
}

struct monitor *monitor_new(const struct monitor_parts *parts)
{
	struct monitor *monitor = xcalloc(1, sizeof(*monitor));

	monitor->parts = *parts;
	targets_init(&monitor->targets, parts->prober, monitor->parts.kinds, monitor_verdict,
	             monitor);
	monitor->targets.saved = parts->saved;
	overrides_init(&monitor->overrides, parts->base, override_ended, monitor);
	monitor->silence = silence_new(parts->base, &monitor->targets, count_held, monitor);
	monitor->settle = timer(monitor, EV_PERSIST, look_whether_settled);
	monitor->sweep = timer(monitor, 0, sweep_targets);
	tables_init(&monitor->tables, parts->base);
	return monitor;
}

void monitor_free(struct monitor *monitor)
{
	event_free(monitor->settle);
	event_free(monitor->sweep);
	overrides_free(&monitor->overrides);
	if (monitor->roster)
		roster_free(monitor->roster);
	targets_free(&monitor->targets);
	silence_free(monitor->silence);
	tables_free(&monitor->tables);
	config_free(monitor->config);
	saved_free(monitor->parts.saved);
	free(monitor);
}

/* What ran before: the new roster has taken over what it needs of it. */
static void free_old(struct monitor *monitor, struct roster *roster, struct config *config)
{
	if (roster)
		roster_free(roster);
	targets_sweep(&monitor->targets);
	silence_recount(monitor->silence);
	config_free(config);
}

bool monitor_load(struct monitor *monitor, struct config *config)
{
	struct publish *table = publish_new(config);
	struct roster *old_roster = monitor->roster;
	struct config *old_config = monitor->config;

	if (!table)
		return false;
	monitor->roster = roster_build(config, old_roster, &monitor->targets,
	                               monitor->parts.resolver, record_changed, monitor);
	overrides_carry(&monitor->overrides, old_roster, monitor->roster);
	if (!old_roster && monitor->parts.saved)
		monitor_state_restore(monitor->parts.saved, monitor->roster, &monitor->overrides);
	monitor->config = config;
	monitor->generation++;
	tables_replace(&monitor->tables, table);
	for (size_t i = 0; i < monitor->roster->count; i++)
		record_update(monitor, &monitor->roster->records[i]);
	free_old(monitor, old_roster, old_config);
	tables_supersede(&monitor->tables);
	/* Reloads in quick succession share it: who holds an older table gets no news until one is settled. */
	if (monitor->settled || !old_roster)
		monitor->settle_by_ms = clock_ms() + SETTLE_MS;
	monitor->settled = false;
	timer_arm(monitor->settle, SETTLE_CHECK_MS);
	look_whether_settled(-1, 0, monitor);
	return true;
}

/* --- for what survives -------------------------------------------------------------------------- */

char *monitor_state(void *arg, size_t *size)
{
	const struct monitor *monitor = arg;

	return monitor_state_text(monitor->roster, &monitor->targets, size);
}

/* --- for readers ------------------------------------------------------------------------------- */

int monitor_table(void *arg, bool *settled)
{
	const struct monitor *monitor = arg;

	*settled = monitor->settled;
	return monitor->tables.current ? publish_fd(monitor->tables.current) : -1;
}

uint64_t monitor_table_inode(const struct monitor *monitor)
{
	const struct publish *table = monitor->tables.current;
	struct stat status;

	return table && fstat(publish_fd(table), &status) == 0 ? status.st_ino : 0;
}

bool monitor_is_settled(const struct monitor *monitor)
{
	return monitor->settled;
}

bool monitor_is_isolated(const struct monitor *monitor)
{
	return monitor->targets.isolation.isolated;
}

const struct config *monitor_config(const struct monitor *monitor)
{
	return monitor->config;
}

uint64_t monitor_generation(const struct monitor *monitor)
{
	return monitor->generation;
}

size_t monitor_record_count(const struct monitor *monitor)
{
	return monitor->roster ? monitor->roster->count : 0;
}

size_t monitor_override_count(const struct monitor *monitor)
{
	size_t count = 0;

	for (size_t i = 0; i < monitor_record_count(monitor); i++)
		count += monitor->roster->records[i].override != NULL;
	return count;
}

const struct histogram *monitor_lateness(const struct monitor *monitor)
{
	return &monitor->tables.late;
}

const char *monitor_name(const struct monitor *monitor, size_t index)
{
	return monitor->roster->records[index].config->name;
}

bool monitor_find(const struct monitor *monitor, const char *name, size_t *index)
{
	const struct record *record = monitor->roster ? roster_find(monitor->roster, name) : NULL;

	if (record)
		*index = (size_t)(record - monitor->roster->records);
	return record;
}

void monitor_read(const struct monitor *monitor, size_t index, struct monitor_record *out)
{
	view_record(&monitor->roster->records[index], out);
}

/* --- for operators ----------------------------------------------------------------------------- */

/* "www.example.com has no endpoint "x"; it has primary, secondary" */
static void say_no_endpoint(const struct record *record, const char *id,
                            char error[MONITOR_ERROR_MAX])
{
	size_t used =
	        (size_t)snprintf(error, MONITOR_ERROR_MAX, "%s has no endpoint \"%.64s\"; it has ",
	                         record->config->name, id);

	for (size_t i = 0; i < record->count && used < MONITOR_ERROR_MAX; i++)
		used += (size_t)snprintf(error + used, MONITOR_ERROR_MAX - used, "%s%s",
		                         i ? ", " : "", record->endpoints[i].config->id);
}

static void say_down(const struct endpoint *endpoint, char error[MONITOR_ERROR_MAX])
{
	size_t used;

	view_say_endpoint(endpoint, error, MONITOR_ERROR_MAX - 64);
	used = strlen(error);
	snprintf(error + used, MONITOR_ERROR_MAX - used,
	         "; \"anyway\" (--anyway) forces it all the same");
}

static struct override make_override(const struct monitor_order *order)
{
	struct override override = { .uid = order->uid, .since = time(NULL) };

	snprintf(override.by, sizeof(override.by), "%s", order->by);
	probe_text_clean(override.reason, sizeof(override.reason),
	                 order->reason ? order->reason : "");
	if (order->for_ms) {
		override.until = override.since + (time_t)((order->for_ms + 999) / 1000);
		override.deadline_ms = clock_boot_ms() + order->for_ms;
	}
	return override;
}

enum monitor_forced monitor_force(struct monitor *monitor, size_t index,
                                  const struct monitor_order *order, char error[MONITOR_ERROR_MAX])
{
	struct record *record = &monitor->roster->records[index];
	int endpoint = record_endpoint(record, order->endpoint);
	struct override override;

	if (endpoint < 0) {
		say_no_endpoint(record, order->endpoint, error);
		return MONITOR_NO_ENDPOINT;
	}
	if (!order->anyway && (record->endpoints[endpoint].health == HEALTH_DOWN ||
	                       record->endpoints[endpoint].count == 0)) {
		say_down(&record->endpoints[endpoint], error);
		return MONITOR_DOWN;
	}
	override = make_override(order);
	override_set(&monitor->overrides, record, endpoint, &override);
	record_update(monitor, record);
	return MONITOR_FORCED;
}

void monitor_auto(struct monitor *monitor, size_t index, const char *by)
{
	struct record *record = &monitor->roster->records[index];

	override_release(&monitor->overrides, record, by);
	record->election.release = true;
	record_update(monitor, record);
}

uint32_t monitor_check(struct monitor *monitor, size_t index)
{
	const struct record *record = &monitor->roster->records[index];
	uint32_t longest = 0;

	for (size_t i = 0; i < record->count; i++) {
		const struct endpoint *endpoint = &record->endpoints[i];

		for (size_t k = 0; k < endpoint->count; k++) {
			struct target *target = endpoint->members[k]->target;

			uint32_t timeout = target ? target_ask(target) : 0;

			if (timeout > longest)
				longest = timeout;
		}
	}
	return 2 * longest; /* the one that is under way, and ours */
}
