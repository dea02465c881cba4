#include "monitor/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/event.h>

#include "base/memory.h"
#include "config/compare.h"
#include "event/event.h"

/* --- members ----------------------------------------------------------------------------------- */

enum health_state member_health(const struct member *member)
{
	return member->target ? member->target->health.state : HEALTH_UP;
}

static struct member *find_member(struct member *const *members, size_t count,
                                  const struct address *address)
{
	for (size_t i = 0; i < count; i++) {
		if (address_compare(&members[i]->address, address) == 0)
			return members[i];
	}
	return NULL;
}

/* `inherit`: the same address before a reload; a new check on what is up begins with up. */
static struct member *member_new(struct endpoint *endpoint, const struct address *address,
                                 const struct member *inherit)
{
	struct member *member = xcalloc(1, sizeof(*member));
	const struct check *check = endpoint->config->check;
	struct target *target;
	bool made;

	member->endpoint = endpoint;
	member->address = *address;
	member->listed = true;
	if (!check)
		return member;
	target = targets_get(
	        endpoint->record->roster->targets, check,
	        (struct probe_asker){ endpoint->record->config->name, endpoint->config->id },
	        address, &made);
	if (made && inherit && member_health(inherit) == HEALTH_UP)
		target_assume_up(target);
	member->target = target;
	member->next_user = target->users;
	member->link = &target->users;
	if (target->users)
		target->users->link = &member->next_user;
	target->users = member;
	return member;
}

static void member_free(struct member *member)
{
	if (member->target) {
		*member->link = member->next_user;
		if (member->next_user)
			member->next_user->link = member->link;
	}
	free(member);
}

/* --- the addresses of an endpoint -------------------------------------------------------------- */

struct wanted {
	struct address addresses[SHUNT_ADDRESSES_MAX];
	size_t count;
	size_t refused; /* local ones */
	struct address first_refused;
	bool more; /* than the table holds for one endpoint */
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
		for (size_t k = 0; k < answer->count; k++)
			want(wanted, &answer->addresses[k],
			     config->allow_local || !address_is_local(&answer->addresses[k]));
	}
}

static bool anything_up(struct member *const *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (member_health(members[i]) == HEALTH_UP)
			return true;
	}
	return false;
}

/*
 * DNS names it no longer. It stays, behind the `listed` first members, for as long as it is known to work and none of those
 * is; and where there are none, since whatever DNS says now is refused, which is no better than no answer.
 */
static void unlist(struct endpoint *endpoint, struct member *member, size_t listed)
{
	bool proven = member->target && member_health(member) == HEALTH_UP;

	member->listed = false;
	if (endpoint->count < SHUNT_ADDRESSES_MAX &&
	    (listed == 0 || (proven && !anything_up(endpoint->members, listed))))
		endpoint->members[endpoint->count++] = member;
	else
		member_free(member);
}

/* Makes the members what is wanted. `old`: the same endpoint before a reload, or NULL. True when something changed. */
static bool update_members(struct endpoint *endpoint, const struct wanted *wanted,
                           const struct endpoint *old)
{
	struct member *before[SHUNT_ADDRESSES_MAX];
	const size_t before_count = endpoint->count;
	bool changed = false;

	memcpy(before, endpoint->members, before_count * sizeof(struct member *));
	endpoint->count = 0;
	for (size_t i = 0; i < wanted->count; i++) {
		const struct address *address = &wanted->addresses[i];
		struct member *member = find_member(before, before_count, address);

		changed |= !member || !member->listed;
		if (!member)
			member = member_new(endpoint, address,
			                    old ? find_member(old->members, old->count, address)
			                        : NULL);
		member->listed = true;
		endpoint->members[endpoint->count++] = member;
	}
	for (size_t i = 0; i < before_count; i++) {
		if (find_member(endpoint->members, wanted->count, &before[i]->address))
			continue;
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): none below the count is NULL */
		changed |= before[i]->listed;
		unlist(endpoint, before[i], wanted->count);
	}
	return changed;
}

/* After a reload: what DNS no longer names stays under the same conditions as without one. */
static void inherit_unlisted(struct endpoint *endpoint, const struct endpoint *old)
{
	const size_t listed = endpoint->count;

	for (size_t i = 0; i < old->count; i++) {
		const struct member *member = old->members[i];

		if (!find_member(endpoint->members, listed, &member->address))
			unlist(endpoint, member_new(endpoint, &member->address, member), listed);
	}
}

static void emit(const struct endpoint *endpoint, enum event_type type, const char *address,
                 const char *reason)
{
	event_emit(&(struct event_record){ .type = type,
	                                   .record = endpoint->record->config->name,
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

/* The first question that failed; NULL: none. `*any`: DNS names something, be it used or refused. */
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
		strcat(list, address_format(&endpoint->members[i]->address, text));
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

/* The resolver knows something new. */
static void name_changed(void *arg, const struct resolve_answer *answer)
{
	struct endpoint *endpoint = arg;
	struct roster *roster = endpoint->record->roster;
	struct wanted wanted;

	(void)answer; /* the other names of the endpoint count as well: want_all() asks for each */
	want_all(endpoint, &wanted);
	report_refused(endpoint, &wanted);
	report_resolution(endpoint, update_members(endpoint, &wanted, NULL));
	roster->changed(roster->arg, endpoint->record);
}

/* --- health ------------------------------------------------------------------------------------ */

static void drop_unlisted(struct endpoint *endpoint)
{
	bool verdict = false, listed = false;
	size_t kept = 0;

	for (size_t i = 0; i < endpoint->count; i++) {
		const struct member *member = endpoint->members[i];

		listed |= member->listed;
		verdict |= member->listed && member_health(member) != HEALTH_UNKNOWN;
	}
	for (size_t i = 0; i < endpoint->count; i++) {
		struct member *member = endpoint->members[i];

		if (!listed || member->listed || (!verdict && member_health(member) == HEALTH_UP))
			endpoint->members[kept++] = member;
		else
			member_free(member);
	}
	endpoint->count = kept;
}

void endpoint_count_health(struct endpoint *endpoint, uint64_t now_ms)
{
	enum health_state states[SHUNT_ADDRESSES_MAX];
	enum health_state health;

	drop_unlisted(endpoint);
	for (size_t i = 0; i < endpoint->count; i++)
		states[i] = member_health(endpoint->members[i]);
	health = health_combine(states, endpoint->count, endpoint->config->min_up);
	if (!endpoint->config->check)
		health = HEALTH_UP;
	else if (endpoint->count == 0)
		health =
		        HEALTH_UNKNOWN; /* its name has no address yet: nothing speaks against it */
	if (health == HEALTH_UP && endpoint->health != HEALTH_UP)
		endpoint->healthy_ms = now_ms;
	endpoint->health = health;
}

void endpoint_answers(const struct endpoint *endpoint, bool answers[SHUNT_ADDRESSES_MAX])
{
	static const enum health_state order[] = { HEALTH_UP, HEALTH_UNKNOWN, HEALTH_DOWN };
	bool found = false;

	for (size_t s = 0; s < sizeof(order) / sizeof(order[0]) && !found; s++) {
		for (size_t i = 0; i < endpoint->count; i++) {
			answers[i] = member_health(endpoint->members[i]) == order[s];
			found |= answers[i];
		}
	}
}

/* --- building ---------------------------------------------------------------------------------- */

/* Old records by name, for as long as a new roster is built. */
struct names {
	const struct record **slots;
	size_t mask;
};

static const struct record **name_slot(const struct names *names, const char *name)
{
	size_t i = shunt_name_hash(0, name, (uint32_t)strlen(name)) & names->mask;

	while (names->slots[i] && strcasecmp(names->slots[i]->config->name, name) != 0)
		i = (i + 1) & names->mask;
	return &names->slots[i];
}

static void names_init(struct names *names, const struct roster *roster)
{
	size_t count = roster ? roster->count : 0;
	size_t size = 16;

	while (size < 2 * count)
		size *= 2;
	names->slots = xcalloc(size, sizeof(struct record *));
	names->mask = size - 1;
	for (size_t i = 0; i < count; i++)
		*name_slot(names, roster->records[i].config->name) = &roster->records[i];
}

int record_endpoint(const struct record *record, const char *id)
{
	for (size_t i = 0; i < record->count; i++) {
		if (strcmp(record->config->endpoints[i].id, id) == 0)
			return (int)i;
	}
	return -1;
}

static void watch_names(struct endpoint *endpoint)
{
	const struct endpoint_config *config = endpoint->config;
	struct resolver *resolver = endpoint->record->roster->resolver;

	for (size_t i = 0; i < config->source_count; i++) {
		if (!config->sources[i].name)
			continue;
		if (!endpoint->watches)
			endpoint->watches =
			        xcalloc(config->source_count, sizeof(struct resolve_watch *));
		endpoint->watches[i] =
		        resolve_watch(resolver, config->sources[i].name, name_changed, endpoint);
	}
}

static void endpoint_build(struct endpoint *endpoint, const struct endpoint *old)
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

#define ANSWER_GONE (-3) /* beside the ELECTION_ ones */

/* An index into the old record's endpoints, in the new one's; what is none (ELECTION_, nothing forced) stays. */
static int carry_index(const struct record *record, const struct record *old, int endpoint,
                       int when_gone)
{
	int index = endpoint < 0 ? endpoint
	                         : record_endpoint(record, old->endpoints[endpoint].config->id);

	return endpoint >= 0 && index < 0 ? when_gone : index;
}

static void carry_election(struct record *record, const struct record *old)
{
	const struct election *before = &old->election;
	struct election *election = &record->election;

	record->changes = old->changes;
	*election = *before;
	election->forced = carry_index(record, old, before->forced, -1);
	election->elected = carry_index(record, old, before->elected, 0);
	election->endpoint = carry_index(record, old, before->endpoint,
	                                 election->elected >= 0 ? election->elected : 0);
	election->answer = carry_index(record, old, before->answer, ANSWER_GONE);
	if (election->answer != ANSWER_GONE) {
		record->since = old->since;
		return;
	}
	election->answer = 0;
	record->gone = old->endpoints[before->answer].config->id;
}

/*
 * The same endpoints from the same sources: what is written for the one fits the other, in layout and in meaning. Others
 * may be without address or verdict yet, so who holds the superseded table keeps what it says until the new one is settled.
 */
static bool same_endpoints(const struct record *record, const struct record *old)
{
	if (record->count != old->count)
		return false;
	for (size_t i = 0; i < record->count; i++) {
		const struct endpoint_config *a = record->endpoints[i].config;
		const struct endpoint_config *b = old->endpoints[i].config;

		if (strcmp(a->id, b->id) != 0 || !config_compare_sources(a, b))
			return false;
	}
	return true;
}

static void record_build(struct record *record, const struct record *old)
{
	record->count = record->config->endpoint_count;
	record->endpoints = xcalloc(record->count, sizeof(*record->endpoints));
	record->since = time(NULL);
	record->previous = -1;
	election_init(&record->election);
	for (size_t i = 0; i < record->count; i++) {
		struct endpoint *endpoint = &record->endpoints[i];
		int before;

		endpoint->record = record;
		endpoint->config = &record->config->endpoints[i];
		before = old ? record_endpoint(old, endpoint->config->id) : -1;
		endpoint_build(endpoint, before < 0 ? NULL : &old->endpoints[before]);
	}
	if (!old)
		return;
	carry_election(record, old);
	if (same_endpoints(record, old))
		record->previous = (int)(old - old->roster->records);
}

struct roster *roster_build(const struct config *config, const struct roster *old,
                            struct targets *targets, struct resolver *resolver,
                            void (*changed)(void *arg, struct record *record), void *arg)
{
	struct roster *roster = xcalloc(1, sizeof(*roster));
	struct names names;

	names_init(&names, old);
	roster->targets = targets;
	roster->resolver = resolver;
	roster->changed = changed;
	roster->arg = arg;
	roster->count = config->record_count;
	roster->records = xcalloc(roster->count, sizeof(*roster->records));
	for (size_t i = 0; i < roster->count; i++) {
		roster->records[i].roster = roster;
		roster->records[i].config = &config->records[i];
		record_build(&roster->records[i], *name_slot(&names, config->records[i].name));
	}
	free(names.slots);
	return roster;
}

static void endpoint_free(struct endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->count; i++)
		member_free(endpoint->members[i]);
	for (size_t i = 0; endpoint->watches && i < endpoint->config->source_count; i++) {
		if (endpoint->watches[i])
			resolve_unwatch(endpoint->watches[i]);
	}
	free(endpoint->watches);
}

void roster_free(struct roster *roster)
{
	for (size_t r = 0; r < roster->count; r++) {
		struct record *record = &roster->records[r];

		for (size_t i = 0; i < record->count; i++)
			endpoint_free(&record->endpoints[i]);
		free(record->endpoints);
		free(record->override);
		if (record->wake)
			event_free(record->wake);
	}
	free(roster->records);
	free(roster);
}

size_t roster_unresolved(const struct roster *roster)
{
	size_t count = 0;

	for (size_t r = 0; r < roster->count; r++) {
		for (size_t i = 0; i < roster->records[r].count; i++) {
			const struct endpoint *endpoint = &roster->records[r].endpoints[i];

			for (size_t k = 0; endpoint->watches && k < endpoint->config->source_count;
			     k++)
				count += endpoint->watches[k] &&
				         !resolve_known(endpoint->watches[k])->complete;
		}
	}
	return count;
}

static bool same_name(const char *known, const char *name, size_t length)
{
	return strncasecmp(known, name, length) == 0 && !known[length];
}

static bool has_name(const struct record_config *config, const char *name, size_t length)
{
	bool found = same_name(config->name, name, length);

	for (size_t i = 0; i < config->alias_count && !found; i++)
		found = same_name(config->aliases[i], name, length);
	return found;
}

struct record *roster_find(const struct roster *roster, const char *name)
{
	size_t length = strlen(name);

	if (length > 1 && name[length - 1] == '.')
		length--;
	for (size_t i = 0; i < roster->count; i++) {
		if (has_name(roster->records[i].config, name, length))
			return &roster->records[i];
	}
	return NULL;
}
