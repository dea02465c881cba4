#include "monitor/monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "door/door.h"
#include "event/event.h"
#include "fleet/fleet.h"
#include "monitor/inside.h"
#include "monitor/persist.h"
#include "monitor/view.h"
#include "probe/kind/route.h"
#include "probe/schedule.h"
#include "publish/publish.h"
#include "roster/host_fault.h"
#include "roster/target_event.h"
#include "state/format.h"

#define SETTLE_MS 5000u     /* a table is considered settled after this time at the latest */
#define SETTLE_CHECK_MS 20u /* interval between checks whether it has settled */

/* --- from a health to the table --------------------------------------------------------------- */

/* A record may have several addresses that share one target: each record is updated once. */
static void mark(struct monitor *monitor, struct record *record)
{
	if (record->changed)
		return;
	record->changed = true;
	record->next_changed = monitor->changed;
	monitor->changed = record;
}

static void mark_users(struct monitor *monitor, const struct target *target)
{
	for (struct member *user = target->users; user; user = user->next_user)
		mark(monitor, user->endpoint->record);
}

/*
 * Marks all records that depend on the target, directly or through other targets, for changes other
 * than a change of its health.
 */
static void mark_dependents(struct monitor *monitor, const struct target *target)
{
	const struct target_child *child;

	mark_users(monitor, target);
	LIST_FOREACH(child, &target->parents, sibling)
	{
		mark_dependents(monitor, child->parent);
	}
}

static void mark_all(struct monitor *monitor)
{
	for (size_t i = 0; i < monitor->roster->count; i++)
		mark(monitor, &monitor->roster->records[i]);
}

static void update_marked(struct monitor *monitor)
{
	fleet_isolated(monitor->parts.fleet, host_fault_is_isolated(monitor->host_fault));
	while (monitor->changed) {
		struct record *record = monitor->changed;

		monitor->changed = record->next_changed;
		record->changed = false;
		decide_record(&monitor->decide, record);
	}
}

static void publish_dependents(const struct monitor *monitor, const struct target *target)
{
	const struct target_child *child;

	for (struct member *user = target->users; user; user = user->next_user) {
		const struct record *record = user->endpoint->record;

		if (record->config->connect != CONNECT_OFF)
			decide_publish(&monitor->decide, record);
	}
	LIST_FOREACH(child, &target->parents, sibling)
	{
		publish_dependents(monitor, child->parent);
	}
}

void monitor_publish_doubt(const struct monitor *monitor, struct target *target)
{
	const bool in_doubt = target_in_doubt(target);

	if (in_doubt == target->in_doubt)
		return;
	target->in_doubt = in_doubt;
	publish_dependents(monitor, target);
}

/*
 * False if it is only the address of a family that this host does not have, and there are others.
 */
static bool matters(const struct target *target)
{
	const struct member *user = target->users;

	while (user && !user->counts && !route_exists(user->address, clock_us()))
		user = user->next_user;
	return user || !target->users;
}

/*
 * Propagates a verdict on the target to the targets calculated from it and marks the records
 * affected. The configuration limits the depth of the recursion.
 */
static void spread(struct monitor *monitor, const struct target *target, enum health_state before)
{
	struct target_child *child;

	if (target->health.state != before) {
		if (matters(target))
			target_event_health(target, before);
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

/* The failure counts against no endpoint, but must not persist unnoticed. */
static void report_own_fault(struct monitor *monitor, const struct target *target)
{
	char text[ADDRESS_TEXT_MAX];

	if (!log_throttle_pass(&monitor->own_fault, clock_ms()))
		return;
	log_warning("a probe of %s ended without a verdict, which counts for nothing: %s",
	            address_format(&target->subject.address, text), target->error);
}

static void count(struct monitor *monitor, struct target *target, enum verdict verdict)
{
	enum health_state before = target->health.state;

	if (target->subject.check->invert)
		verdict = health_invert_verdict(verdict);
	if (verdict != VERDICT_NONE)
		target_arrived(target);
	if (health_observe(&target->health, &target->subject.check->rules, verdict))
		sweep_later(monitor);
	spread(monitor, target, before);
	update_marked(monitor);
	target->reported = false;
	monitor_publish_doubt(monitor, target);
}

static void count_held(void *arg, struct host_site *site, unsigned failures)
{
	struct target *target = target_of_site(site);

	target_event_verdict(target);
	while (failures--)
		count(arg, target, VERDICT_FAIL);
}

/*
 * Returns the verdict that counts. Whether a silence is held affects some records (decide_record())
 * before it counts for the target.
 */
static enum verdict judge(struct monitor *monitor, struct target *target,
                          const struct probe_result *result)
{
	const struct host_attempt attempt = { .result = result,
		                              .address = &target->subject.address,
		                              .remote = target_is_remote(target),
		                              .needed = target_failures_needed(target) };
	const bool was_isolated = host_fault_is_isolated(monitor->host_fault);
	const bool was_gone = host_fault_is_gone(&target->site);
	enum verdict verdict = host_fault_judge(monitor->host_fault, &target->site, &attempt);

	if (was_isolated && !host_fault_is_isolated(monitor->host_fault))
		mark_all(monitor);
	else if (was_gone != host_fault_is_gone(&target->site))
		mark_dependents(monitor, target);
	return verdict;
}

static void probe_witness(void *arg, struct host_site *site)
{
	(void)arg;
	probe_now(target_of_site(site)->probe);
}

static void ask_dns(void *arg)
{
	const struct monitor *monitor = arg;

	resolve_witness(monitor->parts.resolver);
}

/* Called from within the resolver, which must not be called meanwhile. */
static void dns_answered(void *arg)
{
	struct monitor *monitor = arg;

	event_active(monitor->heard, EV_TIMEOUT, 0);
}

static void hear_dns(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *monitor = arg;
	const bool was_isolated = host_fault_is_isolated(monitor->host_fault);

	(void)fd;
	(void)what;
	host_fault_hear(monitor->host_fault, "a DNS server answers; failures count again");
	if (was_isolated && !host_fault_is_isolated(monitor->host_fault))
		mark_all(monitor);
	update_marked(monitor);
}

/* Stores the result where readers see it. */
static void note(struct target *target, const struct probe_result *result)
{
	const bool invert = target->subject.check->invert;
	const char *detail = result->detail;
	char passed[PROBE_DETAIL_MAX];

	target->last_probe = time(NULL);
	if (result->verdict == VERDICT_PASS) {
		target->latency_us =
		        result->elapsed_us < UINT32_MAX ? (uint32_t)result->elapsed_us : UINT32_MAX;
		memcpy(target->part_us, result->part_us, sizeof(target->part_us));
	}
	if (result->verdict == (invert ? VERDICT_FAIL : VERDICT_PASS))
		target_explain(target, "");
	else if (result->verdict == VERDICT_FAIL || result->verdict == VERDICT_NONE)
		target_explain(target, detail);
	else {
		snprintf(passed, sizeof(passed), "it passes, and the check is inverted%s%s",
		         *detail ? ": " : "", detail);
		target_explain(target, passed);
	}
}

/* A failure that does not count, such as a silence that is held, may be the fault of either side. */
static void note_doubt(const struct monitor *monitor, struct target *target, enum probe_why why,
                       enum verdict verdict)
{
	if (verdict != VERDICT_NONE)
		target_event_verdict(target);
	else
		target_event_no_verdict(target, probe_why_side(why),
		                        host_fault_is_isolated(monitor->host_fault), clock_ms());
}

/* Called at the end of every probe. */
static uint32_t monitor_verdict(void *arg, struct target *target, const struct probe_result *result)
{
	struct monitor *monitor = arg;
	enum verdict verdict;

	note(target, result);
	if (result->expires)
		target_event_certificate(target, result->expires, target->last_probe);
	if (result->verdict == VERDICT_NONE)
		report_own_fault(monitor, target);
	verdict = judge(monitor, target, result);
	count(monitor, target, verdict);
	note_doubt(monitor, target, result->why, verdict);
	target_watch(target, result->verdict);
	if (target->site.isolation.held)
		return target->subject.check->fast_interval;
	return probe_schedule_delay_ms(target->subject.check, &target->health);
}

static void record_changed(void *arg, struct record *record)
{
	struct monitor *monitor = arg;

	decide_record(&monitor->decide, record);
	sweep_later(monitor);
}

/* Called when an override has expired. */
static void override_ended(void *arg, struct record *record)
{
	struct monitor *monitor = arg;

	decide_record(&monitor->decide, record);
}

static void mark_agreed(struct monitor *monitor)
{
	for (size_t i = 0; i < monitor->roster->count; i++) {
		if (monitor->roster->records[i].decided.agreement)
			mark(monitor, &monitor->roster->records[i]);
	}
}

/* Another host may have the name of a record as an alias of it. */
void monitor_fleet_changed(void *arg, const char *name)
{
	struct monitor *monitor = arg;
	struct record *record = name ? roster_find(monitor->roster, name) : NULL;

	if (!name)
		mark_agreed(monitor);
	else if (record && record->decided.agreement)
		mark(monitor, record);
	update_marked(monitor);
}

/* --- timers ----------------------------------------------------------------------------------- */

static void announce_start(const struct monitor *monitor)
{
	for (size_t i = 0; i < monitor->roster->count; i++) {
		struct record *record = &monitor->roster->records[i];

		if (record->decided.election.answer != 0)
			decide_announce(&monitor->decide, record, view_answer(record, 0));
	}
}

/*
 * Answers were provisional until now; from here on the data saved by the previous run is obsolete.
 */
static void forget_saved(struct monitor *monitor)
{
	if (monitor->parts.saved)
		persist_settle(monitor->parts.saved, monitor->roster);
	monitor->targets.saved = NULL;
	format_free(monitor->parts.saved);
	monitor->parts.saved = NULL;
}

/*
 * The first election after the table has settled is unrestricted: an endpoint that answered only
 * because others had no verdict yet has no precedence.
 */
static void settle_records(struct monitor *monitor)
{
	for (size_t i = 0; i < monitor->roster->count; i++) {
		struct record *record = &monitor->roster->records[i];

		if (!record->decided.unsettled)
			continue;
		decide_record(&monitor->decide, record);
		record->decided.unsettled = false;
	}
}

static void settle(struct monitor *monitor)
{
	settle_records(monitor);
	if (monitor->decide.starting)
		announce_start(monitor);
	monitor->settled = true;
	monitor->decide.starting = false;
	forget_saved(monitor);
	decide_remember(&monitor->decide);
	/* What has settled is this host's vote. */
	mark_agreed(monitor);
	update_marked(monitor);
	event_del(monitor->settle);
	publish_settle(monitor->tables.current);
	door_settle(monitor->parts.door);
	event_emit(&(struct event_record){
	        .type = EVENT_SETTLED,
	        .reason = monitor->targets.awaited ? "time is up, not every check has a verdict"
	                                           : "every check has a verdict" });
	if (monitor->parts.settled)
		monitor->parts.settled(monitor->parts.arg);
}

/* The votes of others are awaited for FLEET_START_MS at most. */
static bool is_awaited(const struct monitor *monitor)
{
	struct fleet_link link;

	fleet_link(monitor->parts.fleet, &link);
	return link.state == FLEET_JOINING;
}

static void look_whether_settled(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *monitor = arg;

	(void)fd;
	(void)what;
	if (clock_ms() >= monitor->settle_by_ms ||
	    (monitor->targets.awaited == 0 && roster_unresolved(monitor->roster) == 0 &&
	     !is_awaited(monitor)))
		settle(monitor);
}

/* Called after targets were freed or the configuration changed. */
static void recount(struct monitor *monitor)
{
	const bool was_isolated = host_fault_is_isolated(monitor->host_fault);

	host_fault_recount(monitor->host_fault);
	if (was_isolated && !host_fault_is_isolated(monitor->host_fault))
		mark_all(monitor);
	update_marked(monitor);
}

static void sweep_targets(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *monitor = arg;

	(void)fd;
	(void)what;
	targets_sweep(&monitor->targets);
	recount(monitor);
}

/* --- start, reload, stop ---------------------------------------------------------------------- */

static struct event *timer(struct monitor *monitor, short what, event_callback_fn callback)
{
	struct event *event = event_new(monitor->parts.base, -1, what, callback, monitor);

	if (!event)
		log_fatal("out of memory");
	return event;
}

struct monitor *monitor_new(const struct monitor_parts *parts)
{
	struct monitor *monitor = memory_calloc(1, sizeof(*monitor));

	monitor->parts = *parts;
	monitor->host_fault =
	        host_fault_new(parts->base, &(struct host_fault_user){ count_held, probe_witness,
	                                                               ask_dns, monitor });
	targets_init(&monitor->targets, parts->prober, monitor->parts.kinds, monitor->host_fault,
	             monitor_verdict, monitor);
	monitor->targets.saved = parts->saved;
	monitor->targets.watches = parts->watches;
	overrides_init(&monitor->overrides, parts->base, override_ended, monitor);
	monitor->settle = timer(monitor, EV_PERSIST, look_whether_settled);
	monitor->sweep = timer(monitor, 0, sweep_targets);
	monitor->heard = timer(monitor, 0, hear_dns);
	resolve_listen(parts->resolver, dns_answered, monitor);
	tables_init(&monitor->tables, parts->base);
	leaves_init(&monitor->leaves, parts->base, &monitor->roster, monitor->host_fault,
	            parts->reset);
	monitor->decide = (struct decide){ .base = parts->base,
		                           .host_fault = monitor->host_fault,
		                           .tables = &monitor->tables,
		                           .door = parts->door,
		                           .leaves = &monitor->leaves,
		                           .state = parts->state,
		                           .fleet = parts->fleet,
		                           .starting = true };
	return monitor;
}

void monitor_free(struct monitor *monitor)
{
	resolve_listen(monitor->parts.resolver, NULL, NULL);
	event_free(monitor->settle);
	event_free(monitor->sweep);
	event_free(monitor->heard);
	overrides_free(&monitor->overrides);
	leaves_free(&monitor->leaves);
	if (monitor->roster)
		roster_free(monitor->roster);
	targets_free(&monitor->targets);
	host_fault_free(monitor->host_fault);
	tables_free(&monitor->tables);
	config_free(monitor->config);
	format_free(monitor->parts.saved);
	free(monitor);
}

/*
 * Frees the previous roster and configuration, after the new roster has taken over the state it
 * needs.
 */
static void free_old(struct monitor *monitor, struct roster *roster, struct config *config)
{
	if (roster)
		roster_free(roster);
	targets_sweep(&monitor->targets);
	recount(monitor);
	config_free(config);
}

bool monitor_load(struct monitor *monitor, struct config *config)
{
	const struct endpoint_parts endpoint_parts = { .targets = &monitor->targets,
		                                       .resolver = monitor->parts.resolver,
		                                       .changed = record_changed,
		                                       .arg = monitor };
	struct publish *table = publish_new(config);
	struct roster *old_roster = monitor->roster;
	struct config *old_config = monitor->config;

	if (!table)
		return false;
	monitor->roster = roster_build(config, old_roster, &endpoint_parts);
	overrides_carry(&monitor->overrides, old_roster, monitor->roster);
	if (!old_roster && monitor->parts.saved)
		persist_restore(monitor->parts.saved, monitor->roster, &monitor->overrides);
	monitor->config = config;
	host_fault_enable(monitor->host_fault, config->isolation == ISOLATION_ON);
	if (monitor->generation++ > 0)
		monitor->decide.starting = false;
	tables_replace(&monitor->tables, table);
	for (size_t i = 0; i < monitor->roster->count; i++)
		decide_record(&monitor->decide, &monitor->roster->records[i]);
	door_configure(monitor->parts.door, config, monitor->tables.current);
	free_old(monitor, old_roster, old_config);
	tables_supersede(&monitor->tables);
	/*
	 * Reloads in quick succession share the superseded table: clients that hold an older one
	 * get no updates until a new table has settled.
	 */
	if (monitor->settled || !old_roster)
		monitor->settle_by_ms = clock_ms() + SETTLE_MS;
	monitor->settled = false;
	timer_arm(monitor->settle, SETTLE_CHECK_MS);
	look_whether_settled(-1, 0, monitor);
	return true;
}

/* --- for saving state ------------------------------------------------------------------------- */

char *monitor_state(void *arg, size_t *size)
{
	const struct monitor *monitor = arg;

	return persist_text(monitor->roster, &monitor->targets, size);
}

/* --- for readers ------------------------------------------------------------------------------ */

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
	return host_fault_is_isolated(monitor->host_fault);
}

const struct door *monitor_door(const struct monitor *monitor)
{
	return monitor->parts.door;
}

const struct reset *monitor_reset(const struct monitor *monitor)
{
	return monitor->parts.reset;
}

struct fleet *monitor_fleet(const struct monitor *monitor)
{
	return monitor->parts.fleet;
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
		count += monitor->roster->records[i].decided.override != NULL;
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

void monitor_read(const struct monitor *monitor, size_t index, struct view_record *out)
{
	view_read(&monitor->roster->records[index], monitor_is_isolated(monitor), out);
	if (out->config->rule.scope != BALLOT_LOCAL)
		out->fleet = monitor->parts.fleet;
}
