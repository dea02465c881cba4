/* The tables of hosts, of orders and of the own votes: what they hold, and of what changes they tell. */
#include "fleet/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/commands.h"
#include "fleet/votes.h"
#include "policy/election.h"
#include "tests/support/unit.h"

#define ID "0123456789abcdef0123456789abcdef"

static char told[512];

static void tell(void *arg, const char *record)
{
	(void)arg;
	strcat(strcat(told, record), " ");
}

static void assert_told(const char *expected)
{
	assert_string_equal(told, expected);
	told[0] = '\0';
}

/* "db down secondary": a record, the primary's health, what is preferred. */
static struct value_host *host(const char *site, bool isolated, const char *votes)
{
	char text[2048], *out = text, record[64], health[16], prefers[16];
	struct value_host *value;
	int used;

	out += sprintf(out,
	               "{\"v\":1,\"id\":\"" ID
	               "\",\"site\":\"%s\",\"version\":\"1\",\"isolated\":%s,\"records\":{",
	               site, isolated ? "true" : "false");
	for (bool first = true;
	     sscanf(votes, "%63s %15s %15s%n", record, health, prefers, &used) == 3;
	     first = false, votes += used)
		out += sprintf(
		        out,
		        "%s\"%s\":{\"health\":{\"primary\":\"%s\",\"secondary\":\"up\",\"other\":"
		        "\"down\"},\"prefers\":\"%s\",\"answers\":\"primary\",\"since\":1}",
		        first ? "" : ",", record, health, prefers);
	strcpy(out, "}}");
	value = value_host_parse(text, strlen(text));
	assert_non_null(value);
	return value;
}

static struct ballot_result count(const struct hosts *hosts, const char *record)
{
	static const char *const ids[] = { "primary", "secondary" };
	static const struct ballot_rule rule = { BALLOT_QUORUM, 50, 1 };
	struct ballot_result result;

	hosts_ballot(hosts, record, ids, 2, &rule, &result);
	return result;
}

static void test_hosts(void **state)
{
	struct hosts hosts = { .changed = tell };
	struct ballot_result result;

	(void)state;
	hosts_put(&hosts, "c", host("x", false, "db down secondary web up primary"));
	assert_told("db web ");
	hosts_put(&hosts, "a", host("y", false, "db down secondary"));
	hosts_put(&hosts, "b", host("x", false, "DB up primary"));
	assert_told("db DB ");
	assert_string_equal(hosts.list[0]->name, "a");
	assert_string_equal(hosts.list[2]->name, "c");
	result = count(&hosts, "db");
	assert_int_equal(result.voters, 3);
	assert_int_equal(result.sites, 2);
	assert_int_equal(result.endpoints[0].down, 2);
	assert_int_equal(result.endpoints[0].down_sites, 2);
	assert_int_equal(result.endpoints[1].up, 3);
	assert_int_equal(result.agreed, 1);
	assert_int_equal(count(&hosts, "web").voters, 1);
	assert_int_equal(count(&hosts, "none").voters, 0);
	/* the same again is no change; one vote of two is one */
	hosts_put(&hosts, "c", host("x", false, "db down secondary web up primary"));
	assert_told("");
	hosts_put(&hosts, "c", host("x", false, "db up secondary web up primary"));
	assert_told("db ");
	/* all of them count no more, or elsewhere */
	hosts_put(&hosts, "c", host("x", true, "db up secondary web up primary"));
	assert_told("db web ");
	assert_int_equal(count(&hosts, "db").voters, 2);
	assert_int_equal(count(&hosts, "web").voters, 0);
	hosts_put(&hosts, "a", host("x", false, "db down secondary"));
	assert_told("db ");
	hosts_remove(&hosts, "b");
	assert_told("DB ");
	hosts_remove(&hosts, "b");
	assert_told("");
	assert_int_equal(hosts.count, 2);
	assert_string_equal(hosts.list[0]->name, "a");
	assert_string_equal(hosts.list[1]->name, "c");
	hosts_free(&hosts);
}

/* When all keys are read again, those that are gone go, and the others are not touched. */
static void test_again(void **state)
{
	struct hosts hosts = { .changed = tell };

	(void)state;
	hosts_put(&hosts, "a", host("x", false, "db up primary"));
	hosts_put(&hosts, "b", host("x", false, "web up primary"));
	assert_told("db web ");
	hosts_begin(&hosts);
	hosts_put(&hosts, "a", host("x", false, "db up primary"));
	assert_int_equal(hosts.count, 2);
	hosts_end(&hosts);
	assert_told("web ");
	assert_int_equal(hosts.count, 1);
	assert_string_equal(hosts.list[0]->name, "a");
	hosts_free(&hosts);
}

/* A preference that is no endpoint here counts for nothing; "dns" and "fail" do. */
static void test_preferences(void **state)
{
	struct hosts hosts = { .changed = tell };

	(void)state;
	hosts_put(&hosts, "a", host("x", false, "db up other"));
	assert_int_equal(count(&hosts, "db").agreed, BALLOT_NONE);
	hosts_put(&hosts, "b", host("x", false, "db up fail"));
	assert_int_equal(count(&hosts, "db").agreed, ELECTION_FAIL);
	hosts_put(&hosts, "c", host("x", false, "db up dns"));
	assert_int_equal(count(&hosts, "db").agreed, ELECTION_DNS);
	told[0] = '\0';
	hosts_free(&hosts);
}

static void test_too_many_sites(void **state)
{
	struct hosts hosts = { .changed = tell };
	char name[16];

	(void)state;
	for (unsigned i = 0; i < BALLOT_SITES_MAX; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		assert_true(hosts_put(&hosts, name, host(name, false, "")));
	}
	assert_false(hosts_put(&hosts, "one-more", host("one-more", false, "")));
	assert_true(hosts_put(&hosts, "one-more", host("s0", false, "")));
	hosts_free(&hosts);
}

/* A host that is at ever another site, as one whose key is written by hand, shuts nobody out. */
static void test_sites_that_were(void **state)
{
	struct hosts hosts = { .changed = tell };
	char name[16];

	(void)state;
	hosts_put(&hosts, "c", host("x", false, "db down primary"));
	for (unsigned i = 0; i < 2 * BALLOT_SITES_MAX; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		assert_true(hosts_put(&hosts, "b", host(name, false, "")));
	}
	assert_true(hosts_put(&hosts, "a", host("y", false, "db down primary")));
	assert_true(hosts_put(&hosts, "d", host("x", false, "db down primary")));
	assert_int_equal(count(&hosts, "db").endpoints[0].down_sites, 2);
	told[0] = '\0';
	hosts_free(&hosts);
}

static struct value_order *order(const char *endpoint, const char *until)
{
	char text[256];

	snprintf(text, sizeof(text),
	         "{\"v\":1,\"endpoint\":\"%s\",\"by\":\"b\",\"reason\":\"\",\"since\":1,\"until\":%"
	         "s,"
	         "\"hosts\":null}",
	         endpoint, until);
	return value_order_parse(text, strlen(text));
}

static void test_commands(void **state)
{
	struct commands commands = { .changed = tell };

	(void)state;
	commands_put(&commands, "web", order("secondary", "50"));
	commands_put(&commands, "db", order("primary", "70"));
	commands_put(&commands, "api", order("primary", "null"));
	assert_told("web db api ");
	assert_string_equal(commands_find(&commands, "WEB")->endpoint, "secondary");
	assert_null(commands_find(&commands, "none"));
	assert_int_equal(commands_next_end(&commands, 10), 50);
	assert_int_equal(commands_next_end(&commands, 50), 70);
	assert_int_equal(commands_next_end(&commands, 70), 0);
	commands_begin(&commands);
	commands_put(&commands, "db", order("secondary", "70"));
	commands_end(&commands);
	assert_told("db web api ");
	assert_string_equal(commands_find(&commands, "db")->endpoint, "secondary");
	commands_remove(&commands, "db");
	assert_told("db ");
	assert_int_equal(commands.count, 0);
	commands_free(&commands);
}

static void test_votes(void **state)
{
	struct votes votes = { .list = NULL };
	struct record_config records[] = { { .name = "DB", .rule = { .scope = BALLOT_QUORUM } },
		                           { .name = "web", .rule = { .scope = BALLOT_LOCAL } } };
	const struct config config = { .records = records, .record_count = 2 };
	struct fleet_vote vote = { .record = "db",
		                   .ids = { "primary" },
		                   .health = { HEALTH_UP },
		                   .count = 1,
		                   .prefers = "primary",
		                   .answers = "primary" };

	(void)state;
	assert_true(votes_set(&votes, &vote, 10));
	assert_false(votes_set(&votes, &vote, 20));
	assert_int_equal(votes.list[0].since, 10);
	vote.health[0] = HEALTH_DOWN;
	assert_true(votes_set(&votes, &vote, 30));
	vote.answers = "dns";
	assert_true(votes_set(&votes, &vote, 40));
	assert_int_equal(votes.list[0].since, 40);
	vote.record = "web";
	assert_true(votes_set(&votes, &vote, 50));
	vote.record = "api";
	assert_true(votes_set(&votes, &vote, 50));
	assert_string_equal(votes.list[0].record, "api");
	assert_string_equal(votes.list[2].record, "web");
	assert_true(votes_keep(&votes, &config));
	assert_int_equal(votes.count, 1);
	assert_string_equal(votes.list[0].answers, "dns");
	assert_false(votes_keep(&votes, &config));
	votes_free(&votes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),           cmocka_unit_test(test_again),
		cmocka_unit_test(test_preferences),     cmocka_unit_test(test_too_many_sites),
		cmocka_unit_test(test_sites_that_were), cmocka_unit_test(test_commands),
		cmocka_unit_test(test_votes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
