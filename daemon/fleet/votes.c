#include "fleet/votes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

static size_t place_of(const struct votes *votes, const char *record)
{
	size_t low = 0, high = votes->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcasecmp(votes->list[middle].record, record) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct votes *votes, size_t place, const char *record)
{
	return place < votes->count && strcasecmp(votes->list[place].record, record) == 0;
}

static bool same(const struct fleet_host_vote *a, const struct fleet_vote *b)
{
	bool equal = a->count == b->count && strcmp(a->prefers, b->prefers) == 0 &&
	             strcmp(a->answers, b->answers) == 0;

	for (size_t i = 0; i < a->count && equal; i++)
		equal = a->health[i] == b->health[i] && strcmp(a->ids[i], b->ids[i]) == 0;
	return equal;
}

static const char *keep(char **next, const char *text)
{
	const char *copy = *next;

	*next = stpcpy(*next, text) + 1;
	return copy;
}

static void fill(struct fleet_host_vote *to, char **block, const struct fleet_vote *from)
{
	size_t size = strlen(from->record) + strlen(from->prefers) + strlen(from->answers) + 3;
	char *next;

	for (size_t i = 0; i < from->count; i++)
		size += strlen(from->ids[i]) + 1;
	next = *block = memory_calloc(1, size);
	to->record = keep(&next, from->record);
	to->prefers = keep(&next, from->prefers);
	to->answers = keep(&next, from->answers);
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++) {
		to->ids[i] = keep(&next, from->ids[i]);
		to->health[i] = from->health[i];
	}
}

static void insert(struct votes *votes, size_t place)
{
	const size_t behind = votes->count - place;

	if (votes->count == votes->room) {
		votes->room = votes->room ? votes->room * 2 : 8;
		votes->list = memory_reallocarray(votes->list, votes->room, sizeof(*votes->list));
		votes->blocks =
		        memory_reallocarray(votes->blocks, votes->room, sizeof(*votes->blocks));
	}
	memmove(&votes->list[place + 1], &votes->list[place], behind * sizeof(*votes->list));
	memmove(&votes->blocks[place + 1], &votes->blocks[place], behind * sizeof(*votes->blocks));
	votes->blocks[place] = NULL;
	votes->count++;
}

bool votes_set(struct votes *votes, const struct fleet_vote *vote, time_t now)
{
	const size_t place = place_of(votes, vote->record);
	const bool known = is_at(votes, place, vote->record);
	char *before;

	if (known && same(&votes->list[place], vote))
		return false;
	if (!known)
		insert(votes, place);
	before = votes->blocks[place];
	fill(&votes->list[place], &votes->blocks[place], vote);
	votes->list[place].since = now;
	free(before);
	return true;
}

/* Which votes are on records that have a scope; the caller frees the list. */
static bool *wanted(const struct votes *votes, const struct config *config)
{
	bool *list = memory_calloc(votes->count + 1, sizeof(*list));

	for (size_t i = 0; i < config->record_count; i++) {
		const struct record_config *record = &config->records[i];
		const size_t place = place_of(votes, record->name);

		if (record->rule.scope != BALLOT_LOCAL && is_at(votes, place, record->name))
			list[place] = true;
	}
	return list;
}

bool votes_keep(struct votes *votes, const struct config *config)
{
	bool *keep_it = wanted(votes, config);
	size_t kept = 0, before = votes->count;

	for (size_t i = 0; i < before; i++) {
		if (!keep_it[i]) {
			free(votes->blocks[i]);
			continue;
		}
		votes->list[kept] = votes->list[i];
		votes->blocks[kept++] = votes->blocks[i];
	}
	votes->count = kept;
	free(keep_it);
	return kept != before;
}

void votes_free(struct votes *votes)
{
	for (size_t i = 0; i < votes->count; i++)
		free(votes->blocks[i]);
	free(votes->list);
	free(votes->blocks);
	*votes = (struct votes){ .list = NULL };
}
