/* Which hosts a drill takes: how many, from which sites, and that a larger one has those of a smaller. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/policy/canary.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define HOSTS_MAX 1000
#define SITES_MAX 4

static char names[HOSTS_MAX][16];
static const char *const sites[SITES_MAX] = { "fra-1", "lon-1", "nyc-1", "sin-1" };

/* `sizes`: how many hosts each site has. Returns how many there are. */
static size_t fill(struct canary_host *hosts, const size_t *sizes)
{
	size_t count = 0;

	for (size_t i = 0; i < SITES_MAX; i++) {
		for (size_t k = 0; k < sizes[i]; k++, count++) {
			snprintf(names[count], sizeof(names[count]), "db-%zu", count);
			hosts[count] =
			        (struct canary_host){ .name = names[count], .site = sites[i] };
		}
	}
	return count;
}

static size_t count_of(const struct canary_host *hosts, size_t count, const char *site)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += strcmp(hosts[i].site, site) == 0;
	return found;
}

/* The exact share of each site may be between two numbers: `least` is the lower one. */
static const struct {
	const char *name;
	size_t sizes[SITES_MAX];
	unsigned percent;
	size_t chosen;
	size_t least[SITES_MAX], most[SITES_MAX];
} cases[] = {
	{ "no host", { 0 }, 10, 0, { 0 }, { 0 } },
	{ "one is enough", { 1 }, 1, 1, { 1 }, { 1 } },
	{ "at least one", { 3, 3, 3 }, 10, 1, { 0 }, { 1, 1, 1 } },
	{ "rounded down", { 5, 5, 5 }, 33, 4, { 1, 1, 1 }, { 2, 2, 2 } },
	{ "each site its share",
	  { 100, 200, 300, 400 },
	  10,
	  100,
	  { 10, 20, 30, 40 },
	  { 10, 20, 30, 40 } },
	{ "a small site is not emptied", { 2, 98 }, 50, 50, { 1, 49 }, { 1, 49 } },
	{ "all", { 4, 5, 6 }, 100, 15, { 4, 5, 6 }, { 4, 5, 6 } },
};

static void the_share_of_each_site(void **state)
{
	static struct canary_host hosts[HOSTS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const size_t count = fill(hosts, cases[i].sizes);
		const size_t chosen =
		        canary_choose(hosts, count, cases[i].percent, "db.example.com");

		assert_int_equal(chosen, cases[i].chosen);
		for (size_t k = 0; k < SITES_MAX; k++)
			assert_in_range(count_of(hosts, chosen, sites[k]), cases[i].least[k],
			                cases[i].most[k]);
		for (size_t k = 1; k < chosen; k++)
			assert_true(strcmp(hosts[k - 1].name, hosts[k].name) < 0);
	}
}

static bool has(const struct canary_host *hosts, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(hosts[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Whatever order the hosts are given in. */
static void a_larger_share_has_the_smaller(void **state)
{
	static const size_t sizes[SITES_MAX] = { 7, 20, 33, 1 };
	static struct canary_host small[HOSTS_MAX], large[HOSTS_MAX];

	(void)state;
	for (unsigned percent = 1; percent < 100; percent++) {
		const size_t count = fill(small, sizes);
		size_t few, more;

		for (size_t i = 0; i < count; i++)
			large[count - 1 - i] = small[i];
		few = canary_choose(small, count, percent, "db.example.com");
		more = canary_choose(large, count, percent + 1, "db.example.com");
		for (size_t i = 0; i < few; i++)
			assert_true(has(large, more, small[i].name));
	}
}

/* Not always the same hosts are hit: records differ. */
static void another_seed_takes_others(void **state)
{
	static const size_t sizes[SITES_MAX] = { 50, 50 };
	static struct canary_host one[HOSTS_MAX], two[HOSTS_MAX];
	const size_t count = fill(one, sizes);
	size_t same = 0, chosen;

	(void)state;
	fill(two, sizes);
	chosen = canary_choose(one, count, 20, "db.example.com");
	canary_choose(two, count, 20, "www.example.com");
	for (size_t i = 0; i < chosen; i++)
		same += has(two, chosen, one[i].name);
	assert_in_range(same, 0, chosen / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_share_of_each_site),
		cmocka_unit_test(a_larger_share_has_the_smaller),
		cmocka_unit_test(another_seed_takes_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
