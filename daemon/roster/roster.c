#include "roster/roster.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/event.h>

#include "base/memory.h"

/* --- building --------------------------------------------------------------------------------- */

/* Old records indexed by name, while a new roster is built. */
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
	names->slots = memory_calloc(size, sizeof(struct record *));
	names->mask = size - 1;
	for (size_t i = 0; i < count; i++)
		*name_slot(names, roster->records[i].config->name) = &roster->records[i];
}

static void build_record(struct roster *roster, struct record *record, const struct record *old)
{
	record->decided.since = time(NULL);
	record->previous = -1;
	election_init(&record->decided.election);
	record->decided.unsettled = true;
	if (record->config->rule.scope != BALLOT_LOCAL) {
		record->decided.agreement = memory_calloc(1, sizeof(*record->decided.agreement));
		record->decided.agreement->mode = AGREEMENT_AWAITED;
		record->decided.agreement->next = BALLOT_NONE;
	}
	for (size_t i = 0; i < record->count; i++) {
		struct endpoint *endpoint = &record->endpoints[i];
		int before;

		endpoint->record = record;
		endpoint->record_name = record->config->name;
		endpoint->config = &record->config->endpoints[i];
		endpoint->parts = &roster->parts;
		before = old ? record_endpoint(old, endpoint->config->id) : -1;
		endpoint_build(endpoint, before < 0 ? NULL : &old->endpoints[before]);
	}
	if (old)
		record_carry(record, old);
}

/* One block for the endpoints of all records. */
static void place_endpoints(struct roster *roster, const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < roster->count; i++)
		count += config->records[i].endpoint_count;
	roster->endpoints = memory_calloc(count, sizeof(*roster->endpoints));
	count = 0;
	for (size_t i = 0; i < roster->count; i++) {
		struct record *record = &roster->records[i];

		record->config = &config->records[i];
		record->index = (uint32_t)i;
		record->endpoints = &roster->endpoints[count];
		record->count = (uint32_t)record->config->endpoint_count;
		count += record->count;
	}
}

struct roster *roster_build(const struct config *config, const struct roster *old,
                            const struct endpoint_parts *parts)
{
	struct roster *roster = memory_calloc(1, sizeof(*roster));
	struct names names;

	names_init(&names, old);
	roster->parts = *parts;
	roster->count = config->record_count;
	roster->records = memory_calloc(roster->count, sizeof(*roster->records));
	place_endpoints(roster, config);
	for (size_t i = 0; i < roster->count; i++) {
		struct record *record = &roster->records[i];

		build_record(roster, record, *name_slot(&names, record->config->name));
	}
	free(names.slots);
	return roster;
}

static void free_record(struct record *record)
{
	for (size_t i = 0; i < record->count; i++)
		endpoint_free(&record->endpoints[i]);
	free(record->decided.override);
	free(record->decided.agreement);
	if (record->decided.wake)
		event_free(record->decided.wake);
}

void roster_free(struct roster *roster)
{
	for (size_t i = 0; i < roster->count; i++)
		free_record(&roster->records[i]);
	free(roster->endpoints);
	free(roster->records);
	free(roster);
}

/* --- queries ---------------------------------------------------------------------------------- */

size_t roster_unresolved(const struct roster *roster)
{
	size_t count = 0;

	for (size_t r = 0; r < roster->count; r++) {
		for (size_t i = 0; i < roster->records[r].count; i++)
			count += endpoint_unresolved(&roster->records[r].endpoints[i]);
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
