#include "policy/canary.h"

#include <stdlib.h>
#include <string.h>

#include "policy/spread.h"

#define UNIT (UINT64_C(1) << 32) /* the length of the line that the hosts of each site stand on */

static int by_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_name(const void *left, const void *right)
{
	const struct canary_host *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static int by_site(const void *left, const void *right)
{
	const struct canary_host *a = left, *b = right;
	int order = strcmp(a->site, b->site);

	if (order == 0)
		order = by_number(a->hash, b->hash);
	return order ? order : by_name(a, b);
}

static int by_place(const void *left, const void *right)
{
	const struct canary_host *a = left, *b = right;
	int order = by_number(a->place, b->place);

	return order ? order : by_name(a, b);
}

/*
 * The hosts of one site stand on a line at equal distances, shifted by less than one: a part of the line
 * has the same share of every site.
 */
static void place_site(struct canary_host *hosts, size_t count, const char *seed)
{
	const uint64_t shift = spread_hash(hosts->site, seed);

	for (size_t i = 0; i < count; i++)
		hosts[i].place = (i * UNIT + shift) / count;
}

static void place(struct canary_host *hosts, size_t count, const char *seed)
{
	size_t first = 0;

	for (size_t i = 0; i < count; i++)
		hosts[i].hash = spread_hash(hosts[i].name, seed);
	qsort(hosts, count, sizeof(*hosts), by_site);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && strcmp(hosts[i].site, hosts[first].site) == 0)
			continue;
		place_site(hosts + first, i - first, seed);
		first = i;
	}
}

size_t canary_choose(struct canary_host *hosts, size_t count, unsigned percent, const char *seed)
{
	size_t chosen = count * percent / 100;

	if (count == 0)
		return 0;
	place(hosts, count, seed);
	qsort(hosts, count, sizeof(*hosts), by_place);
	if (chosen == 0)
		chosen = 1;
	qsort(hosts, chosen, sizeof(*hosts), by_name);
	return chosen;
}
