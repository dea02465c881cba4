#include "fleet/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "policy/election.h"

/* --- changes ---------------------------------------------------------------------------------- */

static bool same_vote(const struct fleet_host_vote *a, const struct fleet_host_vote *b)
{
	bool same = a->count == b->count && a->since == b->since &&
	            strcmp(a->prefers, b->prefers) == 0 && strcmp(a->answers, b->answers) == 0;

	for (size_t i = 0; i < a->count && same; i++)
		same = strcmp(a->ids[i], b->ids[i]) == 0 && a->health[i] == b->health[i];
	return same;
}

static const struct value_host nobody;

/* Tells of the records on which two values of a host differ; both are sorted. NULL: it has none. */
static void tell(const struct hosts *hosts, const struct value_host *before,
                 const struct value_host *after)
{
	const struct fleet_host_vote *a, *b, *one;
	size_t i = 0, k = 0;
	bool all;

	before = before ? before : &nobody;
	after = after ? after : &nobody;
	all = before->isolated != after->isolated || !before->site || !after->site ||
	      strcmp(before->site, after->site) != 0;
	while (i < before->count || k < after->count) {
		int order;

		a = i < before->count ? &before->votes[i] : NULL;
		b = k < after->count ? &after->votes[k] : NULL;
		order = !a ? 1 : !b ? -1 : strcasecmp(a->record, b->record);
		one = a && order <= 0 ? a : b;
		if (one && (order != 0 || all || !same_vote(a, b)))
			hosts->changed(hosts->arg, one->record);
		i += order <= 0;
		k += order >= 0;
	}
}

/* --- the table -------------------------------------------------------------------------------- */

/* The index of the first host whose name is not before `name`. */
static size_t place_of(const struct hosts *hosts, const char *name)
{
	size_t low = 0, high = hosts->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcmp(hosts->list[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct hosts *hosts, size_t place, const char *name)
{
	return place < hosts->count && strcmp(hosts->list[place]->name, name) == 0;
}

static void free_host(struct hosts_host *host)
{
	value_host_free(host->value);
	free(host);
}

static struct hosts_host *insert(struct hosts *hosts, size_t place, const char *name)
{
	struct hosts_host *host = memory_calloc(1, sizeof(*host));

	if (hosts->count == hosts->room) {
		hosts->room = hosts->room ? hosts->room * 2 : 16;
		hosts->list = memory_reallocarray(hosts->list, hosts->room, sizeof(*hosts->list));
	}
	memmove(&hosts->list[place + 1], &hosts->list[place],
	        (hosts->count - place) * sizeof(*hosts->list));
	hosts->list[place] = host;
	hosts->count++;
	snprintf(host->name, sizeof(host->name), "%s", name);
	return host;
}

static size_t index_of_site(const struct hosts *hosts, const char *site)
{
	size_t i = 0;

	while (i < hosts->site_count && strcmp(hosts->sites[i], site) != 0)
		i++;
	return i;
}

/* Forgets the sites at which there is no host any more. The others get new numbers. */
static void sort_sites_out(struct hosts *hosts)
{
	hosts->site_count = 0;
	for (size_t i = 0; i < hosts->count; i++) {
		struct hosts_host *host = hosts->list[i];
		const size_t site = index_of_site(hosts, host->value->site);

		host->site = (unsigned)site;
		if (site == hosts->site_count)
			snprintf(hosts->sites[hosts->site_count++], sizeof(*hosts->sites), "%s",
			         host->value->site);
	}
}

/* Returns false if there are too many. */
static bool find_site(struct hosts *hosts, const char *site, unsigned *out)
{
	size_t i = index_of_site(hosts, site);

	if (i == BALLOT_SITES_MAX) {
		sort_sites_out(hosts);
		i = index_of_site(hosts, site);
	}
	if (i == BALLOT_SITES_MAX)
		return false;
	if (i == hosts->site_count) {
		hosts->sites = memory_reallocarray(hosts->sites, ++hosts->site_count,
		                                   sizeof(*hosts->sites));
		snprintf(hosts->sites[i], sizeof(hosts->sites[i]), "%s", site);
	}
	*out = (unsigned)i;
	return true;
}

bool hosts_put(struct hosts *hosts, const char *name, struct value_host *value)
{
	const size_t place = place_of(hosts, name);
	const bool known = is_at(hosts, place, name);
	struct hosts_host *host;
	struct value_host *before;
	unsigned site;

	if ((!known && hosts->count == HOSTS_MAX) || !find_site(hosts, value->site, &site)) {
		value_host_free(value);
		return false;
	}
	host = known ? hosts->list[place] : insert(hosts, place, name);
	before = host->value;
	host->value = value;
	host->site = site;
	host->seen = true;
	tell(hosts, before, value);
	value_host_free(before);
	return true;
}

static void remove_at(struct hosts *hosts, size_t place)
{
	struct hosts_host *host = hosts->list[place];

	memmove(&hosts->list[place], &hosts->list[place + 1],
	        (hosts->count - place - 1) * sizeof(*hosts->list));
	hosts->count--;
	tell(hosts, host->value, NULL);
	free_host(host);
}

void hosts_remove(struct hosts *hosts, const char *name)
{
	const size_t place = place_of(hosts, name);

	if (is_at(hosts, place, name))
		remove_at(hosts, place);
}

void hosts_begin(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		hosts->list[i]->seen = false;
}

void hosts_end(struct hosts *hosts)
{
	for (size_t i = hosts->count; i > 0; i--) {
		if (!hosts->list[i - 1]->seen)
			remove_at(hosts, i - 1);
	}
}

void hosts_free(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		free_host(hosts->list[i]);
	free(hosts->list);
	free(hosts->sites);
	hosts->list = NULL;
	hosts->sites = NULL;
	hosts->count = hosts->room = hosts->site_count = 0;
}

/* --- ballots ---------------------------------------------------------------------------------- */

static int index_of(const char *const *ids, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(ids[i], id) == 0)
			return (int)i;
	}
	if (strcmp(id, "dns") == 0)
		return ELECTION_DNS;
	return strcmp(id, "fail") == 0 ? ELECTION_FAIL : BALLOT_NONE;
}

static void read_vote(const struct fleet_host_vote *from, const char *const *ids, size_t count,
                      struct ballot_vote *vote)
{
	vote->prefers = index_of(ids, count, from->prefers);
	for (size_t i = 0; i < from->count; i++) {
		const int index = index_of(ids, count, from->ids[i]);

		if (index >= 0)
			vote->health[index] = from->health[i];
	}
}

void hosts_ballot(const struct hosts *hosts, const char *record, const char *const *ids,
                  size_t count, const struct ballot_rule *rule, struct ballot_result *result)
{
	struct ballot_vote *votes = memory_calloc(hosts->count, sizeof(*votes));
	size_t voters = 0;

	for (size_t i = 0; i < hosts->count; i++) {
		const struct hosts_host *host = hosts->list[i];
		const struct fleet_host_vote *vote =
		        host->value->isolated ? NULL : value_host_find(host->value, record);

		if (!vote)
			continue;
		votes[voters].site = host->site;
		read_vote(vote, ids, count, &votes[voters++]);
	}
	ballot_count(rule, votes, voters, count, result);
	free(votes);
}
