#include "roster/taken.h"

#include <stdlib.h>

#include "base/memory.h"
#include "roster/record.h"
#include "roster/roster.h"

static int by_address(const void *a, const void *b)
{
	return address_compare(&((const struct taken_one *)a)->address,
	                       &((const struct taken_one *)b)->address);
}

static void add_record(struct taken *taken, size_t *room, const struct record *record)
{
	const int answer = record->decided.election.answer;
	bool answers[SHUNT_ADDRESSES_MAX];
	const struct endpoint *endpoint;

	if (answer < 0)
		return;
	endpoint = &record->endpoints[answer];
	endpoint_answers(endpoint, answers);
	if (taken->count + endpoint->count > *room) {
		*room = 2 * (taken->count + endpoint->count);
		taken->list = memory_reallocarray(taken->list, *room, sizeof(*taken->list));
	}
	for (size_t i = 0; i < endpoint->count; i++) {
		if (answers[i])
			taken->list[taken->count++] =
			        (struct taken_one){ address_unmapped(endpoint->members[i]->address),
				                    record };
	}
}

void taken_read(const struct roster *roster, struct taken *taken)
{
	size_t room = 0;

	*taken = (struct taken){ .list = NULL };
	for (size_t i = 0; i < roster->count; i++)
		add_record(taken, &room, &roster->records[i]);
	if (taken->count)
		qsort(taken->list, taken->count, sizeof(*taken->list), by_address);
}

void taken_free(struct taken *taken)
{
	free(taken->list);
	*taken = (struct taken){ .list = NULL };
}

/* The index of the first one that is not before the address. */
static size_t first(const struct taken *taken, const struct address *address)
{
	size_t low = 0, high = taken->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (address_compare(&taken->list[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool share_ports(const struct record_config *a, const struct record_config *b)
{
	if (a->port_count == 0 || b->port_count == 0)
		return true;
	for (size_t i = 0; i < a->port_count; i++) {
		for (size_t k = 0; k < b->port_count; k++) {
			if (a->ports[i] == b->ports[k])
				return true;
		}
	}
	return false;
}

static bool is_at(const struct taken *taken, size_t i, const struct address *address)
{
	return i < taken->count && address_compare(&taken->list[i].address, address) == 0;
}

bool taken_by(const struct taken *taken, const struct address *address, const struct record *record)
{
	const struct address place = address_unmapped(address);

	for (size_t i = first(taken, &place); is_at(taken, i, &place); i++) {
		if (taken->list[i].record == record)
			return true;
	}
	return false;
}

const struct record *taken_by_other(const struct taken *taken, const struct address *address,
                                    const struct record *record)
{
	const struct address place = address_unmapped(address);

	for (size_t i = first(taken, &place); is_at(taken, i, &place); i++) {
		const struct record *other = taken->list[i].record;

		if (other != record && share_ports(other->config, record->config))
			return other;
	}
	return NULL;
}
