/* Who of a fleet follows, and who contradicts: tables of hosts, on a fleet of the test's own. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/monitor/standing.h"
#include "daemon/policy/election.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* --- a fleet ------------------------------------------------------------------------------------ */

struct host {
	const char *name;
	bool isolated, absent;
	enum health_state primary; /* its vote on it */
	const char *answers;
};

static const struct host *hosts;
static size_t host_count;
static int agreed;
static const struct fleet_order *order;

size_t fleet_host_count(const struct fleet *fleet)
{
	(void)fleet;
	return host_count;
}

void fleet_host(const struct fleet *fleet, size_t index, struct fleet_host *out)
{
	(void)fleet;
	*out = (struct fleet_host){ .name = hosts[index].name, .isolated = hosts[index].isolated };
}

bool fleet_host_vote(const struct fleet *fleet, size_t index, const char *record,
                     struct fleet_host_vote *vote)
{
	(void)fleet;
	assert_string_equal(record, "db.example.com");
	*vote = (struct fleet_host_vote){ .record = record,
		                          .count = 2,
		                          .ids = { "elsewhere", "primary" },
		                          .health = { HEALTH_UP, hosts[index].primary },
		                          .answers = hosts[index].answers };
	return !hosts[index].absent;
}

void fleet_ballot(const struct fleet *fleet, const char *record, const char *const *ids,
                  size_t count, const struct ballot_rule *rule, struct ballot_result *result)
{
	(void)fleet;
	assert_string_equal(record, "db.example.com");
	assert_int_equal(count, 2);
	assert_string_equal(ids[1], "secondary");
	assert_int_equal(rule->scope, BALLOT_QUORUM);
	*result = (struct ballot_result){ .agreed = agreed,
		                          .endpoints = { { .health = HEALTH_DOWN },
		                                         { .health = HEALTH_UNKNOWN } } };
}

const struct fleet_order *fleet_order(const struct fleet *fleet, const char *record)
{
	(void)fleet;
	(void)record;
	return order;
}

/* --- the tables --------------------------------------------------------------------------------- */

static const struct endpoint_config endpoint_configs[] = { { .id = "primary" },
	                                                   { .id = "secondary" } };
static const struct record_config record = {
	.name = "db.example.com",
	.rule = { .scope = BALLOT_QUORUM, .share = 50, .sites = 1 },
	.endpoints = endpoint_configs,
	.endpoint_count = 2,
};

static const char *const some[] = { "b" };
static const struct fleet_order for_all = { .endpoint = "primary" };
static const struct fleet_order for_b = { .endpoint = "primary", .hosts = some, .host_count = 1 };
static const struct fleet_order an_end = { .endpoint = "" };

static const struct {
	const char *name;
	int agreed;
	const struct fleet_order *order;
	struct host host;
	bool follows, dissents;
} cases[] = {
	{ "it agrees",
	  1,
	  NULL,
	  { "a", .primary = HEALTH_DOWN, .answers = "secondary" },
	  true,
	  false },
	{ "it answers otherwise",
	  1,
	  NULL,
	  { "a", .primary = HEALTH_DOWN, .answers = "primary" },
	  false,
	  false },
	{ "it says otherwise",
	  1,
	  NULL,
	  { "a", .primary = HEALTH_UP, .answers = "secondary" },
	  true,
	  true },
	{ "it does not know", 1, NULL, { "a", .answers = "secondary" }, true, false },
	{ "its vote does not count",
	  1,
	  NULL,
	  { "a", .isolated = true, .primary = HEALTH_UP, .answers = "secondary" },
	  true,
	  false },
	{ "it does not say what it answers", 1, NULL, { "a", .answers = NULL }, false, false },
	{ "nothing is agreed", BALLOT_NONE, NULL, { "a", .answers = "primary" }, true, false },
	{ "DNS is agreed", ELECTION_DNS, NULL, { "a", .answers = "dns" }, true, false },
	{ "failing is agreed", ELECTION_FAIL, NULL, { "a", .answers = "dns" }, false, false },
	{ "an order for all", 1, &for_all, { "a", .answers = "primary" }, true, false },
	{ "an order for all, not followed",
	  1,
	  &for_all,
	  { "a", .answers = "secondary" },
	  false,
	  false },
	{ "an order for it", 1, &for_b, { "b", .answers = "primary" }, true, false },
	{ "an order for others", 1, &for_b, { "a", .answers = "primary" }, false, false },
	{ "the end of one", 1, &an_end, { "a", .answers = "secondary" }, true, false },
};

static void who_follows_and_who_contradicts(void **state)
{
	(void)state;
	host_count = 1;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct standing_host host;
		struct standing standing;

		hosts = &cases[i].host;
		agreed = cases[i].agreed;
		order = cases[i].order;
		standing_read(&standing, NULL, &record);
		assert_true(standing_host(&standing, 0, &host));
		if (host.follows != cases[i].follows || host.dissents[1] != cases[i].dissents)
			fail_msg("%s", cases[i].name);
		/* Nobody contradicts about an endpoint that only it has. */
		assert_false(host.dissents[0]);
		assert_int_equal(standing_strays(&standing), !cases[i].follows);
	}
}

/* A host without the record neither follows nor strays. */
static void others_do_not_count(void **state)
{
	static const struct host three[] = { { "a", .answers = "secondary" },
		                             { "b", .absent = true },
		                             { "c", .answers = "primary" } };
	struct standing_host host;
	struct standing standing;

	(void)state;
	hosts = three;
	host_count = COUNT(three);
	agreed = 1;
	order = NULL;
	standing_read(&standing, NULL, &record);
	assert_string_equal(standing.agreed, "secondary");
	assert_false(standing_host(&standing, 1, &host));
	assert_int_equal(standing_strays(&standing), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_follows_and_who_contradicts),
		cmocka_unit_test(others_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
