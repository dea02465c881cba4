#include "monitor/operate.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/printable.h"
#include "monitor/inside.h"
#include "monitor/monitor.h"
#include "monitor/view.h"
#include "publish/reports.h"

static void say_down(const struct endpoint *endpoint, char error[OPERATE_ERROR_MAX])
{
	size_t used;

	view_endpoint_words(endpoint, error, OPERATE_ERROR_MAX - 64);
	used = strlen(error);
	snprintf(error + used, OPERATE_ERROR_MAX - used,
	         "; \"anyway\" (--anyway) forces it all the same");
}

static struct override make_override(const struct operate_order *order)
{
	struct override override = { .uid = order->uid, .since = time(NULL) };

	snprintf(override.by, sizeof(override.by), "%s", order->by);
	printable_clean(override.reason, sizeof(override.reason),
	                order->reason ? order->reason : "");
	if (order->for_ms) {
		override.until = override.since + (time_t)((order->for_ms + 999) / 1000);
		override.deadline_ms = clock_boot_ms() + order->for_ms;
	}
	return override;
}

enum operate_forced operate_force(struct monitor *monitor, size_t index,
                                  const struct operate_order *order, char error[OPERATE_ERROR_MAX])
{
	struct record *record = &monitor->roster->records[index];
	int endpoint = record_endpoint(record, order->endpoint);
	struct override override;

	if (endpoint < 0) {
		view_no_endpoint(record, order->endpoint, error, OPERATE_ERROR_MAX);
		return OPERATE_NO_ENDPOINT;
	}
	if (!order->anyway && (record->endpoints[endpoint].health == HEALTH_DOWN ||
	                       record->endpoints[endpoint].count == 0)) {
		say_down(&record->endpoints[endpoint], error);
		return OPERATE_DOWN;
	}
	override = make_override(order);
	override_set(&monitor->overrides, record, endpoint, &override);
	decide_record(&monitor->decide, record);
	return OPERATE_FORCED;
}

void operate_auto(struct monitor *monitor, size_t index, const char *by)
{
	struct record *record = &monitor->roster->records[index];

	override_release(&monitor->overrides, record, by);
	record->decided.election.release = true;
	decide_record(&monitor->decide, record);
}

/* --- open connections ------------------------------------------------------------------------- */

static void say_not_reset(enum leave_ordered why, const struct record *record, const char *id,
                          char error[OPERATE_ERROR_MAX])
{
	static const char *const words[] = {
		[LEAVE_ORDERED] = "",
		[LEAVE_ANSWERS] =
		        "answers for it, so that programs would connect there again; force "
		        "another endpoint first",
		[LEAVE_NO_PORT] = "no port of the service is known; add ports to the record, as in "
		                  "ports = [ 443 ]",
		[LEAVE_ISOLATED] =
		        "nothing beyond this host answers, so that the fault may be its own",
		[LEAVE_SHARED] =
		        "other names are answered with all of its addresses, at these ports",
		[LEAVE_NONE] = "it has no address",
	};

	snprintf(error, OPERATE_ERROR_MAX, "connections to %s of %s are not reset: %s", id,
	         record->config->name, words[why]);
}

static void fill_kept(struct operate_reset *order, const struct endpoint *endpoint,
                      const struct leave_kept *kept)
{
	for (size_t i = 0; i < order->kept_count; i++) {
		order->kept[i].address = *endpoint->members[kept[i].address]->address;
		order->kept[i].record = kept[i].record->config->name;
	}
}

enum operate_forced operate_reset(struct monitor *monitor, size_t index,
                                  struct operate_reset *order, char error[OPERATE_ERROR_MAX])
{
	const struct record *record = &monitor->roster->records[index];
	const int endpoint = record_endpoint(record, order->endpoint);
	struct leave_kept kept[SHUNT_ADDRESSES_MAX];
	enum leave_ordered why;

	if (endpoint < 0) {
		view_no_endpoint(record, order->endpoint, error, OPERATE_ERROR_MAX);
		return OPERATE_NO_ENDPOINT;
	}
	why = leave_order(&monitor->leaves, record, (size_t)endpoint, order->dry_run,
	                  &order->number, kept, &order->kept_count);
	if (why != LEAVE_ORDERED) {
		say_not_reset(why, record, order->endpoint, error);
		return OPERATE_DOWN;
	}
	fill_kept(order, &record->endpoints[endpoint], kept);
	return OPERATE_FORCED;
}

uint32_t operate_check(struct monitor *monitor, size_t index)
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
	return 2 * longest; /* the attempt that is under way, then the one requested */
}

/* Returns true if a probe is due now that was not before. */
static bool probe_at_once(struct monitor *monitor, struct target *target, uint64_t now_ms)
{
	bool begun = false;

	for (size_t i = 0; target->children && i < target->subject.check->of_count; i++)
		begun |= probe_at_once(monitor, target->children[i].target, now_ms);
	if (!target->probe || target->health.state != HEALTH_UP || target_in_doubt(target) ||
	    (target->reported_ms && now_ms - target->reported_ms < OPERATE_REPORT_MS))
		return begun;
	target->reported_ms = now_ms;
	target->reported = true;
	probe_now(target->probe);
	monitor_publish_doubt(monitor, target);
	return true;
}

bool operate_report(void *arg, const struct reports_failure *failure)
{
	struct monitor *monitor = arg;
	const uint64_t now_ms = clock_ms();
	const struct record *record;
	bool begun = false;
	size_t index;

	if (!monitor_find(monitor, failure->name, &index))
		return false;
	record = &monitor->roster->records[index];
	for (size_t i = 0; record->config->connect != CONNECT_OFF && i < record->count; i++) {
		const struct endpoint *endpoint = &record->endpoints[i];
		const struct member *member =
		        member_find(endpoint->members, endpoint->count, &failure->address);

		if (member && member->target)
			begun |= probe_at_once(monitor, member->target, now_ms);
	}
	return begun;
}
