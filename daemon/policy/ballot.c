#include "policy/ballot.h"

#include <stdint.h>
#include <string.h>

#include "policy/election.h"

/* A set of sites. */
struct sites {
	uint64_t bits[BALLOT_SITES_MAX / 64];
	unsigned count;
};

static void add_site(struct sites *sites, unsigned site)
{
	const uint64_t bit = UINT64_C(1) << site % 64;
	uint64_t *word = &sites->bits[site % BALLOT_SITES_MAX / 64];

	sites->count += !(*word & bit);
	*word |= bit;
}

/* Whether so many votes take the endpoint down for all. */
static bool is_down(const struct ballot_rule *rule, const struct ballot_endpoint *endpoint,
                    unsigned voters)
{
	if (endpoint->down == 0 || endpoint->down_sites < rule->sites)
		return false;
	if (rule->scope == BALLOT_UNANIMOUS)
		return endpoint->down == voters;
	return (uint64_t)endpoint->down * 100 > (uint64_t)rule->share * voters;
}

static void count_health(const struct ballot_rule *rule, const struct ballot_vote *votes,
                         size_t voters, size_t index, struct ballot_endpoint *endpoint)
{
	struct sites down = { .count = 0 };

	for (size_t i = 0; i < voters; i++) {
		const enum health_state health = votes[i].health[index];

		endpoint->up += health == HEALTH_UP;
		endpoint->down += health == HEALTH_DOWN;
		endpoint->unknown += health == HEALTH_UNKNOWN;
		if (health == HEALTH_DOWN)
			add_site(&down, votes[i].site);
	}
	endpoint->down_sites = down.count;
	if (is_down(rule, endpoint, (unsigned)voters))
		endpoint->health = HEALTH_DOWN;
	else
		endpoint->health = endpoint->up ? HEALTH_UP : HEALTH_UNKNOWN;
}

static void offer(struct ballot_result *result, int answer, unsigned votes)
{
	if (votes <= result->agree)
		return;
	result->agreed = answer;
	result->agree = votes;
}

static void count_preferences(const struct ballot_vote *votes, size_t voters, size_t endpoints,
                              struct ballot_result *result)
{
	unsigned prefer[SHUNT_ENDPOINTS_MAX] = { 0 }, dns = 0, fail = 0;

	for (size_t i = 0; i < voters; i++) {
		const int prefers = votes[i].prefers;

		if (prefers >= 0 && (size_t)prefers < endpoints)
			prefer[prefers]++;
		dns += prefers == ELECTION_DNS;
		fail += prefers == ELECTION_FAIL;
	}
	result->agreed = BALLOT_NONE;
	for (size_t i = 0; i < endpoints; i++)
		offer(result, (int)i, prefer[i]);
	offer(result, ELECTION_DNS, dns);
	offer(result, ELECTION_FAIL, fail);
}

void ballot_count(const struct ballot_rule *rule, const struct ballot_vote *votes, size_t voters,
                  size_t endpoints, struct ballot_result *result)
{
	struct sites sites = { .count = 0 };

	memset(result, 0, sizeof(*result));
	for (size_t i = 0; i < voters; i++)
		add_site(&sites, votes[i].site);
	result->voters = (unsigned)voters;
	result->sites = sites.count;
	for (size_t i = 0; i < endpoints; i++)
		count_health(rule, votes, voters, i, &result->endpoints[i]);
	count_preferences(votes, voters, endpoints, result);
}
