/* What hosts agree upon, as tables of votes. */
#include "policy/ballot.h"

#include <stdio.h>
#include <string.h>

#include "policy/election.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VOTES_MAX 200

static const struct ballot_rule half = { BALLOT_QUORUM, 50, 1 };
static const struct ballot_rule eighteen = { BALLOT_QUORUM, 18, 1 };
static const struct ballot_rule two_sites = { BALLOT_QUORUM, 50, 2 };
static const struct ballot_rule all = { BALLOT_UNANIMOUS, 50, 1 };
static const struct ballot_rule all_sites = { BALLOT_UNANIMOUS, 50, 2 };

/* --- healths ---------------------------------------------------------------------------------- */

/*
 * The votes on one endpoint, a letter each: u up, d down, - unknown; a digit moves the votes behind it
 * to that site.
 */
static const struct health_row {
	const struct ballot_rule *rule;
	const char *votes;
	enum health_state health;
	unsigned down_sites;
} health_rows[] = {
	/* more than the share, not just as much */
	{ &half, "ud", HEALTH_UP, 1 },
	{ &half, "udd", HEALTH_DOWN, 1 },
	{ &half, "uudd", HEALTH_UP, 1 },
	{ &half, "uuddd", HEALTH_DOWN, 1 },
	{ &half, "d", HEALTH_DOWN, 1 },
	{ &half, "u", HEALTH_UP, 0 },
	/* 18 % of 50 is 9; of 11 it is 1.98 */
	{ &eighteen, "dddddddddduuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu", HEALTH_DOWN, 1 },
	{ &eighteen, "ddddddddduuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu", HEALTH_UP, 1 },
	{ &eighteen, "duuuuuuuuuu", HEALTH_UP, 1 },
	{ &eighteen, "dduuuuuuuuu", HEALTH_DOWN, 1 },
	/* one without a verdict is a voter all the same */
	{ &half, "d-", HEALTH_UNKNOWN, 1 },
	{ &half, "dd-", HEALTH_DOWN, 1 },
	{ &half, "ddu-", HEALTH_UP, 1 },
	{ &half, "--", HEALTH_UNKNOWN, 0 },
	{ &half, "-u", HEALTH_UP, 0 },
	{ &half, "", HEALTH_UNKNOWN, 0 },
	/* sites */
	{ &two_sites, "1ddd2u", HEALTH_UP, 1 },
	{ &two_sites, "1ddd2d", HEALTH_DOWN, 2 },
	{ &two_sites, "1ddd", HEALTH_UNKNOWN, 1 },
	{ &two_sites, "1d2duuu", HEALTH_UP, 2 },
	{ &two_sites, "1d2d1d2u", HEALTH_DOWN, 2 },
	/* all of them */
	{ &all, "ddd", HEALTH_DOWN, 1 },
	{ &all, "ddu", HEALTH_UP, 1 },
	{ &all, "dd-", HEALTH_UNKNOWN, 1 },
	{ &all, "", HEALTH_UNKNOWN, 0 },
	{ &all_sites, "1dd", HEALTH_UNKNOWN, 1 },
	{ &all_sites, "1d2d", HEALTH_DOWN, 2 },
};

static enum health_state health_of(char letter)
{
	return letter == 'u' ? HEALTH_UP : letter == 'd' ? HEALTH_DOWN : HEALTH_UNKNOWN;
}

static size_t read_votes(const char *text, struct ballot_vote votes[VOTES_MAX])
{
	unsigned site = 0;
	size_t count = 0;

	for (; *text; text++) {
		if (*text >= '0' && *text <= '9') {
			site = (unsigned)(*text - '0');
			continue;
		}
		votes[count] = (struct ballot_vote){ .site = site, .prefers = BALLOT_NONE };
		votes[count++].health[0] = health_of(*text);
	}
	return count;
}

static void test_health(void **state)
{
	const struct health_row *row = *state;
	struct ballot_vote votes[VOTES_MAX];
	struct ballot_result result;
	const size_t count = read_votes(row->votes, votes);

	ballot_count(row->rule, votes, count, 1, &result);
	assert_int_equal(result.endpoints[0].health, row->health);
	assert_int_equal(result.endpoints[0].down_sites, row->down_sites);
	assert_int_equal(result.voters, count);
	assert_int_equal(result.endpoints[0].up + result.endpoints[0].down +
	                         result.endpoints[0].unknown,
	                 count);
	assert_int_equal(result.agreed, BALLOT_NONE);
}

/* --- answers ---------------------------------------------------------------------------------- */

static const struct answer_row {
	const char *prefer; /* a digit: an endpoint; n DNS, f fail, - none */
	int agreed;
	unsigned agree;
} answer_rows[] = {
	{ "0", 0, 1 },    { "011", 1, 2 },           { "0011", 0, 2 }, /* the earlier one */
	{ "2211", 1, 2 }, { "222", 2, 3 },           { "ff0", ELECTION_FAIL, 2 },
	{ "f0", 0, 1 },   { "nf", ELECTION_DNS, 1 }, { "nn1", ELECTION_DNS, 2 },
	{ "--1", 1, 1 },  { "--", BALLOT_NONE, 0 },  { "", BALLOT_NONE, 0 },
	{ "77 1", 1, 1 }, /* there is no such endpoint: it counts for nothing */
};

static int answer_of(char letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	return letter == 'n' ? ELECTION_DNS : letter == 'f' ? ELECTION_FAIL : BALLOT_NONE;
}

static void test_answer(void **state)
{
	const struct answer_row *row = *state;
	struct ballot_vote votes[VOTES_MAX];
	struct ballot_result result;
	size_t count = strlen(row->prefer);

	for (size_t i = 0; i < count; i++)
		votes[i] = (struct ballot_vote){ .prefers = answer_of(row->prefer[i]) };
	ballot_count(&half, votes, count, 3, &result);
	assert_int_equal(result.agreed, row->agreed);
	assert_int_equal(result.agree, row->agree);
}

/* The result does not depend on the order in which the votes are seen. */
static void test_order(void **state)
{
	static const char *const orders[] = { "1ud2du-", "2du-1ud", "2-u1d2d1u" };
	struct ballot_result first, other;
	struct ballot_vote votes[VOTES_MAX];

	(void)state;
	ballot_count(&two_sites, votes, read_votes(orders[0], votes), 1, &first);
	assert_int_equal(first.sites, 2);
	for (size_t i = 1; i < COUNT(orders); i++) {
		ballot_count(&two_sites, votes, read_votes(orders[i], votes), 1, &other);
		assert_memory_equal(&first, &other, sizeof(first));
	}
}

/* Each endpoint has its own count, and those that there are not have none. */
static void test_endpoints(void **state)
{
	const struct ballot_vote votes[] = {
		{ .health = { HEALTH_DOWN, HEALTH_UP, HEALTH_UP }, .prefers = 1 },
		{ .health = { HEALTH_DOWN, HEALTH_UP, HEALTH_DOWN }, .prefers = 1 },
	};
	struct ballot_result result;

	(void)state;
	ballot_count(&half, votes, COUNT(votes), 2, &result);
	assert_int_equal(result.endpoints[0].health, HEALTH_DOWN);
	assert_int_equal(result.endpoints[1].health, HEALTH_UP);
	assert_int_equal(result.endpoints[2].down, 0);
	assert_int_equal(result.endpoints[2].health, HEALTH_UNKNOWN);
	assert_int_equal(result.agreed, 1);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(health_rows) + COUNT(answer_rows) + 2];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(health_rows); i++)
		tests[count++] = (struct CMUnitTest){ .name = health_rows[i].votes,
			                              .test_func = test_health,
			                              .initial_state = (void *)&health_rows[i] };
	for (size_t i = 0; i < COUNT(answer_rows); i++)
		tests[count++] = (struct CMUnitTest){ .name = answer_rows[i].prefer,
			                              .test_func = test_answer,
			                              .initial_state = (void *)&answer_rows[i] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_order);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_endpoints);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
