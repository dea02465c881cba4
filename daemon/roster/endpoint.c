#include "roster/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/compare.h"
#include "event/event.h"
#include "probe/kind/route.h"

/* --- the addresses of an endpoint ------------------------------------------------------------- */

struct wanted {
	struct address addresses[SHUNT_ADDRESSES_MAX];
	size_t count;
	uint32_t refused; /* local addresses that were refused */
	struct address first_refused;
	bool more; /* more addresses than the table holds for one endpoint */
};

static void want(struct wanted *wanted, const struct address *address, bool allowed)
{
	for (size_t i = 0; i < wanted->count; i++) {
		if (address_compare(&wanted->addresses[i], address) == 0)
			return;
	}
	if (!allowed && wanted->refused++ == 0)
		wanted->first_refused = *address;
	if (!allowed)
		return;
	if (wanted->count < SHUNT_ADDRESSES_MAX)
		wanted->addresses[wanted->count++] = *address;
	else
		wanted->more = true;
}

static void want_all(const struct endpoint *endpoint, struct wanted *wanted)
{
	const struct endpoint_config *config = endpoint->config;

	*wanted = (struct wanted){ 0 };
	for (size_t i = 0; i < config->source_count; i++) {
		const struct resolve_answer *answer;

		if (!config->sources[i].name) {
			want(wanted, &config->sources[i].address, true);
			continue;
		}
		answer = resolve_known(endpoint->watches[i]);
		wanted->more |= answer->more;
		for (size_t k = 0; k < answer->count; k++) {
			const struct address *address = &answer->addresses[k];

			want(wanted, address, config->allow_local || !address_is_local(address));
		}
	}
}

/* Parameters and result as in member_new(). */
static struct member *add_member(struct endpoint *endpoint, const struct address *address,
                                 const struct member *inherit)
{
	const struct member_parts parts = {
		.endpoint = endpoint,
		.targets = endpoint->parts->targets,
		.check = endpoint->config->check,
		.asker = { endpoint->record_name, endpoint->config->id },
	};

	return member_new(&parts, address, inherit);
}

/* Appends a member; there are at most SHUNT_ADDRESSES_MAX. */
static void append(struct endpoint *endpoint, struct member *member)
{
	struct member **larger;

	if (!endpoint->members) {
		endpoint->members = &endpoint->first;
		endpoint->room = 1;
	}
	if (endpoint->count == endpoint->room) {
		larger = memory_calloc(SHUNT_ADDRESSES_MAX, sizeof(struct member *));
		memcpy(larger, endpoint->members, endpoint->count * sizeof(struct member *));
		endpoint->members = larger;
		endpoint->room = SHUNT_ADDRESSES_MAX;
	}
	endpoint->members[endpoint->count++] = member;
}

static bool anything_up(struct member *const *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (member_health(members[i], TARGET_COUNTED) == HEALTH_UP)
			return true;
	}
	return false;
}

/*
 * Handles an address that is no longer in DNS. The member stays, after the `listed` first members,
 * for as long as it is known to work and none of those is. It also stays if there are no listed
 * members: everything DNS returns now is refused, which is no better than no answer.
 */
static void unlist(struct endpoint *endpoint, struct member *member, size_t listed)
{
	bool proven = member->target && member_health(member, TARGET_COUNTED) == HEALTH_UP;

	member->listed = false;
	if (endpoint->count < SHUNT_ADDRESSES_MAX &&
	    (listed == 0 || (proven && !anything_up(endpoint->members, listed))))
		append(endpoint, member);
	else
		member_free(member);
}

static void find_what_counts(struct endpoint *endpoint, uint64_t now_us)
{
	bool reachable = false;

	for (size_t i = 0; i < endpoint->count; i++) {
		struct member *member = endpoint->members[i];

		member->counts = !member->target || route_exists(member->address, now_us);
		reachable |= member->counts;
	}
	for (size_t i = 0; i < endpoint->count && !reachable; i++)
		endpoint->members[i]->counts = true;
}

/*
 * Updates the members to match `want`. `old`: the same endpoint before a reload, or NULL. Returns
 * true if something changed.
 */
static bool update_members(struct endpoint *endpoint, const struct wanted *wanted,
                           const struct endpoint *old)
{
	struct member *before[SHUNT_ADDRESSES_MAX];
	const size_t before_count = endpoint->count;
	bool changed = false;

	for (size_t i = 0; i < before_count; i++)
		before[i] = endpoint->members[i];
	endpoint->count = 0;
	for (size_t i = 0; i < wanted->count; i++) {
		const struct address *address = &wanted->addresses[i];
		struct member *member = member_find(before, before_count, address);

		changed |= !member || !member->listed;
		if (!member)
			member = add_member(endpoint, address,
			                    old ? member_find(old->members, old->count, address)
			                        : NULL);
		member->listed = true;
		append(endpoint, member);
	}
	for (size_t i = 0; i < before_count; i++) {
		if (member_find(endpoint->members, wanted->count, before[i]->address))
			continue;
		/*
		 * NOLINTNEXTLINE(clang-analyzer-core.NullDereference): no element below the count
		 * is NULL
		 */
		changed |= before[i]->listed;
		unlist(endpoint, before[i], wanted->count);
	}
	find_what_counts(endpoint, clock_us());
	return changed;
}

/*
 * After a reload: addresses that are no longer in DNS are kept under the same conditions as without
 * a reload.
 */
static void inherit_unlisted(struct endpoint *endpoint, const struct endpoint *old)
{
	const size_t listed = endpoint->count;

	for (size_t i = 0; i < old->count; i++) {
		const struct member *member = old->members[i];

		if (!member_find(endpoint->members, listed, member->address))
			unlist(endpoint, add_member(endpoint, member->address, member), listed);
	}
}

static void emit(const struct endpoint *endpoint, enum event_type type, const char *address,
                 const char *reason)
{
	event_emit(&(struct event_record){ .type = type,
	                                   .record = endpoint->record_name,
	                                   .endpoint = endpoint->config->id,
	                                   .address = address,
	                                   .reason = reason });
}

static void report_refused(struct endpoint *endpoint, const struct wanted *wanted)
{
	char text[ADDRESS_TEXT_MAX];

	if (wanted->refused && wanted->refused != endpoint->refused)
		emit(endpoint, EVENT_REFUSED, address_format(&wanted->first_refused, text),
		     "DNS names a local address: left out, since allow_local is not set");
	if (wanted->more && !endpoint->more)
		emit(endpoint, EVENT_REFUSED, NULL,
		     "DNS names more addresses than a table holds: some are left out");
	endpoint->refused = wanted->refused;
	endpoint->more = wanted->more;
}

/*
 * The error of the first query that failed; NULL if none did. `*any` is set if DNS returned any
 * address, used or refused.
 */
static const char *resolver_error(const struct endpoint *endpoint, bool *any)
{
	*any = false;
	for (size_t i = 0; endpoint->watches && i < endpoint->config->source_count; i++) {
		const struct resolve_answer *answer;

		if (!endpoint->watches[i])
			continue;
		answer = resolve_known(endpoint->watches[i]);
		if (answer->error)
			return answer->error;
		*any |= answer->count > 0;
	}
	return NULL;
}

const char *endpoint_resolve_error(const struct endpoint *endpoint)
{
	bool any;
	const char *error = resolver_error(endpoint, &any);

	if (error || !any || endpoint->count > 0)
		return error;
	return "DNS names local addresses only, and allow_local is not set";
}

static void report_resolution(struct endpoint *endpoint, bool changed)
{
	bool any;
	const char *error = resolver_error(endpoint, &any);
	char list[SHUNT_ADDRESSES_MAX * (ADDRESS_TEXT_MAX + 1)] = "";
	char text[ADDRESS_TEXT_MAX];
	char reason[512];

	for (size_t i = 0; i < endpoint->count; i++) {
		if (!endpoint->members[i]->listed)
			continue;
		if (*list)
			strcat(list, " ");
		strcat(list, address_format(endpoint->members[i]->address, text));
	}
	if (error && !endpoint->resolve_failed) {
		snprintf(reason, sizeof(reason), "%s; %s", error,
		         *list ? "the last addresses stay" : "no address yet");
		emit(endpoint, EVENT_RESOLVE, *list ? list : NULL, reason);
	} else if ((changed && *list) || (!error && endpoint->resolve_failed)) {
		emit(endpoint, EVENT_RESOLVE, *list ? list : NULL,
		     changed ? "resolved" : "resolved again");
	}
	endpoint->resolve_failed = error;
}

/* Called by the resolver when the answer for a name has changed. */
static void name_changed(void *arg, const struct resolve_answer *answer)
{
	struct endpoint *endpoint = arg;
	struct wanted wanted;

	(void)answer; /* the other names of the endpoint count as well: want_all() queries each */
	want_all(endpoint, &wanted);
	report_refused(endpoint, &wanted);
	report_resolution(endpoint, update_members(endpoint, &wanted, NULL));
	endpoint->parts->changed(endpoint->parts->arg, endpoint->record);
}

/* --- health ----------------------------------------------------------------------------------- */

static void drop_unlisted(struct endpoint *endpoint)
{
	bool verdict = false, listed = false;
	uint32_t kept = 0;

	for (size_t i = 0; i < endpoint->count; i++) {
		const struct member *member = endpoint->members[i];

		listed |= member->listed;
		verdict |= member->listed && member->counts &&
		           member_health(member, TARGET_COUNTED) != HEALTH_UNKNOWN;
	}
	for (size_t i = 0; i < endpoint->count; i++) {
		struct member *member = endpoint->members[i];

		if (!listed || member->listed ||
		    (!verdict && member_health(member, TARGET_COUNTED) == HEALTH_UP))
			endpoint->members[kept++] = member;
		else
			member_free(member);
	}
	endpoint->count = kept;
}

void endpoint_refresh(struct endpoint *endpoint, uint64_t now_us)
{
	find_what_counts(endpoint, now_us);
	drop_unlisted(endpoint);
}

enum health_state endpoint_health(const struct endpoint *endpoint, enum target_view view)
{
	enum health_state states[SHUNT_ADDRESSES_MAX];
	size_t count = 0;

	if (!endpoint->config->check)
		return HEALTH_UP;
	/* Its name has no address yet, so there is no evidence against it. */
	if (endpoint->count == 0)
		return HEALTH_UNKNOWN;
	for (size_t i = 0; i < endpoint->count; i++) {
		if (endpoint->members[i]->counts)
			states[count++] = member_health(endpoint->members[i], view);
	}
	return health_combine(states, count, endpoint->config->min_up);
}

void endpoint_count_health(struct endpoint *endpoint, enum target_view view, uint64_t now_ms)
{
	enum health_state health = endpoint_health(endpoint, view);

	if (health == HEALTH_UP && endpoint->health != HEALTH_UP)
		endpoint->healthy_ms = now_ms;
	endpoint->health = health;
	endpoint->seen = view;
}

void endpoint_answers(const struct endpoint *endpoint, bool answers[SHUNT_ADDRESSES_MAX])
{
	static const enum health_state order[] = { HEALTH_UP, HEALTH_UNKNOWN, HEALTH_DOWN };
	bool found = false;

	for (size_t s = 0; s < sizeof(order) / sizeof(order[0]) && !found; s++) {
		for (size_t i = 0; i < endpoint->count; i++) {
			const struct member *member = endpoint->members[i];

			answers[i] =
			        member->counts && member_health(member, endpoint->seen) == order[s];
			found |= answers[i];
		}
	}
}

/* --- building and freeing --------------------------------------------------------------------- */

static void watch_names(struct endpoint *endpoint)
{
	const struct endpoint_config *config = endpoint->config;
	struct resolver *resolver = endpoint->parts->resolver;

	for (size_t i = 0; i < config->source_count; i++) {
		if (!config->sources[i].name)
			continue;
		if (!endpoint->watches)
			endpoint->watches =
			        memory_calloc(config->source_count, sizeof(struct resolve_watch *));
		endpoint->watches[i] = resolve_watch(resolver, config->sources[i].name,
		                                     config->family, name_changed, endpoint);
	}
}

void endpoint_build(struct endpoint *endpoint, const struct endpoint *old)
{
	struct wanted wanted;

	watch_names(endpoint);
	if (old) {
		endpoint->health = old->health;
		endpoint->healthy_ms = old->healthy_ms;
		endpoint->resolve_failed = old->resolve_failed;
		endpoint->refused = old->refused;
		endpoint->more = old->more;
	}
	want_all(endpoint, &wanted);
	update_members(endpoint, &wanted, old);
	if (old && config_compare_sources(endpoint->config, old->config))
		inherit_unlisted(endpoint, old);
}

void endpoint_free(struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->count; i++)
		member_free(endpoint->members[i]);
	for (size_t i = 0; endpoint->watches && i < endpoint->config->source_count; i++) {
		if (endpoint->watches[i])
			resolve_unwatch(endpoint->watches[i]);
	}
	free(endpoint->watches);
	if (endpoint->members != &endpoint->first)
		free(endpoint->members);
}

size_t endpoint_unresolved(const struct endpoint *endpoint)
{
	size_t count = 0;

	for (size_t i = 0; endpoint->watches && i < endpoint->config->source_count; i++)
		count += endpoint->watches[i] && !resolve_known(endpoint->watches[i])->complete;
	return count;
}
