#include "monitor/view.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "connection/watch.h"
#include "monitor/agree_words.h"
#include "monitor/override.h"
#include "roster/record.h"

const char *view_answer(const struct record *record, int answer)
{
	if (answer == ELECTION_DNS)
		return "dns";
	if (answer == ELECTION_FAIL)
		return "fail";
	return record->endpoints[answer].config->id;
}

/* The first error among the endpoint's addresses; NULL if there is none. */
static const char *first_error(const struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->count; i++) {
		const struct target *target = endpoint->members[i]->target;

		if (endpoint->members[i]->counts && target && target->error[0])
			return target->error;
	}
	return NULL;
}

/*
 * The target itself, or one that it is calculated from, that has lacked verdicts for too long; NULL
 * if there is none.
 */
static const struct target *find_uncertain(const struct target *target)
{
	const struct target *found = target->no_verdict.lasts ? target : NULL;

	for (size_t i = 0; target->children && i < target->subject.check->of_count && !found; i++)
		found = find_uncertain(target->children[i].target);
	return found;
}

/* Why verdicts are missing; NULL if they are not. */
static const char *uncertain_error(const struct endpoint *endpoint)
{
	const struct target *found = NULL;

	for (size_t i = 0; i < endpoint->count && !found; i++) {
		if (endpoint->members[i]->target)
			found = find_uncertain(endpoint->members[i]->target);
	}
	return found ? found->error : NULL;
}

static size_t count_up(const struct endpoint *endpoint)
{
	size_t up = 0;

	for (size_t i = 0; i < endpoint->count; i++)
		up += endpoint->members[i]->counts &&
		      member_health(endpoint->members[i], endpoint->seen) == HEALTH_UP;
	return up;
}

/* The endpoint must have a check and an address. */
static void say_health(const struct endpoint *endpoint, char *text, size_t size)
{
	const char *missing = uncertain_error(endpoint), *error = first_error(endpoint);
	const char *id = endpoint->config->id;

	if (endpoint->config->check->disabled)
		snprintf(text, size, "%s is %s, since its check is disabled", id,
		         health_word(endpoint->health));
	else if (endpoint->health == HEALTH_DOWN && endpoint->seen == TARGET_IF_LOST &&
	         endpoint_health(endpoint, TARGET_COUNTED) != HEALTH_DOWN)
		snprintf(text, size, "%s does not answer, or this host is cut off%s%s", id,
		         error ? ": " : "", error ? error : "");
	else if (endpoint->health == HEALTH_UNKNOWN)
		snprintf(text, size, "%s has no verdict%s%s", id, missing ? ": " : " yet",
		         missing ? missing : "");
	else if (missing)
		snprintf(text, size, "%s was %s, and has no verdict now: %s", id,
		         health_word(endpoint->health), missing);
	else if (endpoint->health == HEALTH_DOWN && count_up(endpoint) > 0)
		snprintf(text, size, "%s has %zu of %u addresses up that it needs%s%s", id,
		         count_up(endpoint), endpoint->config->min_up, error ? ": " : "",
		         error ? error : "");
	else if (endpoint->health == HEALTH_DOWN)
		snprintf(text, size, "%s is down%s%s", id, error ? ": " : "", error ? error : "");
	else
		snprintf(text, size, "%s is up", id);
}

void view_endpoint_words(const struct endpoint *endpoint, char *text, size_t size)
{
	const char *id = endpoint->config->id;
	const char *error = endpoint_resolve_error(endpoint);

	if (endpoint->count == 0)
		snprintf(text, size, "%s has no address%s%s", id, error ? ": " : " yet",
		         error ? error : "");
	else if (!endpoint->config->check)
		snprintf(text, size, "%s has no check", id);
	else
		say_health(endpoint, text, size);
}

void view_no_endpoint(const struct record *record, const char *id, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "%s has no endpoint \"%.64s\"; it has ",
	                               record->config->name, id);

	for (size_t i = 0; i < record->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
		                         record->endpoints[i].config->id);
}

/* As it is for all hosts, or for this one. */
static void say_primary(const struct record *record, char *text, size_t size)
{
	if (!agree_words_endpoint(record, 0, text, size))
		view_endpoint_words(&record->endpoints[0], text, size);
}

/* "every endpoint is down, the primary answers (primary is down: connection refused)" */
static void say_all_down(const struct record *record, char *text, size_t size)
{
	const int answer = record->decided.election.answer;
	char primary[VIEW_REASON_MAX - 128];
	char who[SHUNT_ID_MAX + 16];

	say_primary(record, primary, sizeof(primary));
	if (answer == ELECTION_DNS)
		snprintf(who, sizeof(who), "DNS answers");
	else if (answer == ELECTION_FAIL)
		snprintf(who, sizeof(who), "lookups fail");
	else
		snprintf(who, sizeof(who), "%s answers", record->endpoints[answer].config->id);
	snprintf(text, size, "%s, %s (%s)",
	         record->count > 1 ? "no endpoint is up" : "there is no standby", who, primary);
}

/* The first endpoint before the answering one that is up. */
static const char *earlier_up(const struct record *record)
{
	for (int i = 0; i < record->decided.election.answer; i++) {
		if (record_health(record, (size_t)i) == HEALTH_UP && record->endpoints[i].count > 0)
			return record->endpoints[i].config->id;
	}
	return "an earlier endpoint";
}

const char *view_reason(const struct record *record, bool isolated, char reason[VIEW_REASON_MAX])
{
	const size_t size = VIEW_REASON_MAX;
	const struct endpoint *primary = &record->endpoints[0];
	char words[OVERRIDE_WORDS_MAX];

	switch (record->decided.election.reason) {
	case REASON_START:
		snprintf(reason, size, "no verdict yet: the primary answers");
		if (uncertain_error(primary))
			snprintf(reason, size, "the primary answers without a verdict: %s",
			         uncertain_error(primary));
		break;
	case REASON_HEALTHY:
	case REASON_FAILOVER:
	case REASON_UNPROVEN: say_primary(record, reason, size); break;
	case REASON_DELAY:
		snprintf(reason, size, "%s is up again, and waits for %s", earlier_up(record),
		         record->config->policy.flap_penalty_ms && record->decided.election.returns
		                 ? "failback_delay and flap_penalty"
		                 : "failback_delay");
		break;
	case REASON_MANUAL:
		snprintf(reason, size, "%s is up again; failback is manual", earlier_up(record));
		break;
	case REASON_ALL_DOWN: say_all_down(record, reason, size); break;
	case REASON_NO_ADDRESS: view_endpoint_words(primary, reason, size); break;
	case REASON_FORCED: snprintf(reason, size, "%s", override_words(record, words)); break;
	case REASON_ORDERED: agree_words_order(record, reason, size); break;
	}
	if (record->decided.override && record->decided.election.reason != REASON_FORCED) {
		size_t used = strlen(reason);

		snprintf(reason + used, size - used, "; %s is forced, but has no address",
		         record->endpoints[record->decided.election.forced].config->id);
	}
	agree_words_add(record, reason, size);
	if (isolated && record->decided.election.hold)
		snprintf(reason + strlen(reason), size - strlen(reason),
		         "; this host is isolated: the answer holds");
	return reason;
}

/* Number of consecutive results that change the health. */
static unsigned needed(const struct health *health, const struct health_rules *rules)
{
	if (health->state == HEALTH_UNKNOWN)
		return 1;
	return health->state == HEALTH_UP ? rules->fall : rules->rise;
}

static const char *unreachable_words(const struct address *address)
{
	return address->family == SHUNT_FAMILY_IPV4
	               ? "not reachable from here: this host has no IPv4"
	               : "not reachable from here: this host has no IPv6";
}

static void read_member(const struct member *member, enum target_view view, bool answers,
                        struct view_address *out)
{
	const struct target *target = member->target, *missing;

	*out = (struct view_address){ .address = *member->address,
		                      .health = member_health(member, view),
		                      .answers = answers };
	if (!member->counts) {
		out->health = HEALTH_UNKNOWN;
		out->last_error = unreachable_words(member->address);
		return;
	}
	if (!target)
		return;
	missing = find_uncertain(target);
	out->last_error = target->error[0] ? target->error : NULL;
	out->latency_us = target->latency_us;
	for (size_t i = 0; i < PROBE_PARTS; i++)
		out->part_us[i] = target->part_us[i];
	out->last_probe = target->last_probe;
	out->certificate_expires = target->certificate_expires;
	target_asked(target, &out->probes, &out->asked);
	out->against = target->health.against;
	out->needed = target->probe ? needed(&target->health, &target->subject.check->rules) : 0;
	out->held = target->site.isolation.held;
	if (target->watch)
		out->watch = watching_word(watch_phase(target->watch));
	if (missing) {
		out->no_verdict_since = missing->no_verdict.since;
		out->no_verdict_side = missing->no_verdict.side;
	}
}

static void read_endpoint(const struct record *record, size_t index, struct view_endpoint *out)
{
	const struct endpoint *endpoint = &record->endpoints[index];
	const struct check *check = endpoint->config->check;
	uint32_t flags[SHUNT_ADDRESSES_MAX];

	out->id = endpoint->config->id;
	out->health = endpoint->health;
	out->check = check ? check_type_words[check->type] : NULL;
	out->settings = check;
	out->min_up = endpoint->config->min_up;
	out->error = endpoint_resolve_error(endpoint);
	out->address_count = endpoint->count;
	record_flags(record, index, flags);
	for (size_t i = 0; i < endpoint->count; i++) {
		read_member(endpoint->members[i], endpoint->seen, flags[i] & SHUNT_ADDRESS_ANSWER,
		            &out->addresses[i]);
		out->addresses[i].may_follow = flags[i] & SHUNT_ADDRESS_NEXT;
		out->addresses[i].in_doubt = flags[i] & SHUNT_ADDRESS_DOUBT;
	}
}

static void read_rule(const struct record *record, struct view_record *out)
{
	const struct election *election = &record->decided.election;
	const struct election_policy *policy = &record->config->policy;
	uint64_t now_ms = clock_ms();

	out->rule = election->reason;
	out->elected = election->elected;
	out->failback = policy->failback;
	out->failback_delay_ms = policy->failback_delay_ms;
	out->failback_wait_ms = election_wait_ms(election, policy);
	out->failback_at = 0;
	if (election->wake_ms)
		out->failback_at =
		        time(NULL) + (time_t)(election->wake_ms > now_ms
		                                      ? (election->wake_ms - now_ms) / 1000
		                                      : 0);
}

void view_read(const struct record *record, bool isolated, struct view_record *out)
{
	out->name = record->config->name;
	out->config = record->config;
	out->fleet = NULL;
	out->mode = record->decided.agreement ? agree_words_mode(record) : NULL;
	out->aliases = record->config->aliases;
	out->alias_count = record->config->alias_count;
	out->answer = record->decided.election.answer;
	out->holds = record->decided.election.hold;
	out->all_down = record->config->policy.all_down;
	out->ports = record->config->ports;
	out->port_count = record->config->port_count;
	out->on_leave = record->config->on_leave;
	out->on_return = record->config->on_return;
	out->connect = record->config->connect;
	read_rule(record, out);
	out->since = record->decided.since;
	out->changes = record->decided.changes;
	out->override = record->decided.override;
	out->forced = record->decided.election.forced;
	view_reason(record, isolated, out->reason);
	out->endpoint_count = record->count;
	for (size_t i = 0; i < record->count; i++)
		read_endpoint(record, i, &out->endpoints[i]);
}
