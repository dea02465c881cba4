/* The values of keys: what is read of them, and what is malformed as a whole. */
#include "fleet/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID "0123456789abcdef0123456789abcdef"
#define HOST(id, site, version, isolated, records)                                                 \
	"{\"v\":1,\"id\":" id ",\"site\":" site ",\"version\":" version ",\"isolated\":" isolated  \
	",\"records\":" records "}"
#define RECORDS(records) HOST("\"" ID "\"", "\"fra-1\"", "\"1.0.0\"", "false", records)
#define VOTE(health, prefers, answers, since)                                                      \
	RECORDS("{\"db.example.com\":{\"health\":" health ",\"prefers\":" prefers                  \
	        ",\"answers\":" answers ",\"since\":" since "}}")
#define HEALTH "{\"primary\":\"up\"}"
#define GOOD VOTE(HEALTH, "\"primary\"", "\"dns\"", "1764500000")
#define NINE                                                                                       \
	"{\"a\":\"up\",\"b\":\"up\",\"c\":\"up\",\"d\":\"up\",\"e\":\"up\",\"f\":\"up\",\"g\":"    \
	"\"up\",\"h\":\"up\",\"i\":\"up\"}"
#define TEXT_64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct row {
	const char *text;
	bool good;
} hosts[] = {
	{ GOOD, true },
	{ RECORDS("{}"), true },
	{ "", false },
	{ "{", false },
	{ "[]", false },
	{ "{}", false },
	{ "null", false },
	{ GOOD "x", false },
	{ "{\"v\":1,\"v\":1}", false },
	{ HOST("\"" ID "0\"", "\"a\"", "\"1\"", "false", "{}"), false },
	{ HOST("\"0123456789ABCDEF0123456789abcdef\"", "\"a\"", "\"1\"", "false", "{}"), false },
	{ HOST("7", "\"a\"", "\"1\"", "false", "{}"), false },
	{ HOST("\"" ID "\"", "\"\"", "\"1\"", "false", "{}"), false },
	{ HOST("\"" ID "\"", "\"a/b\"", "\"1\"", "false", "{}"), false },
	{ HOST("\"" ID "\"", "\"" TEXT_64 "\"", "\"1\"", "false", "{}"), false },
	{ HOST("\"" ID "\"", "\"a\"", "\"1\\u001b\"", "false", "{}"), false },
	{ HOST("\"" ID "\"", "\"a\"", "\"\"", "false", "{}"), false },
	{ HOST("\"" ID "\"", "\"a\"", "\"1\"", "0", "{}"), false },
	{ HOST("\"" ID "\"", "\"a\"", "\"1\"", "true", "[]"), false },
	{ HOST("\"" ID "\"", "\"a\"", "\"1\"", "true", "null"), false },
	{ VOTE("{}", "\"primary\"", "\"primary\"", "1"), false },
	{ VOTE(NINE, "\"a\"", "\"a\"", "1"), false },
	{ VOTE("{\"primary\":\"well\"}", "\"primary\"", "\"primary\"", "1"), false },
	{ VOTE("{\"primary\":1}", "\"primary\"", "\"primary\"", "1"), false },
	{ VOTE("{\"Primary\":\"up\"}", "\"primary\"", "\"primary\"", "1"), false },
	{ VOTE("{\"\":\"up\"}", "\"primary\"", "\"primary\"", "1"), false },
	{ VOTE("{\"" TEXT_64 "\":\"up\"}", "\"a\"", "\"a\"", "1"), false },
	{ VOTE(HEALTH, "\"a b\"", "\"primary\"", "1"), false },
	{ VOTE(HEALTH, "null", "\"primary\"", "1"), false },
	{ VOTE(HEALTH, "\"primary\"", "7", "1"), false },
	{ VOTE(HEALTH, "\"primary\"", "\"primary\"", "-1"), false },
	{ VOTE(HEALTH, "\"primary\"", "\"primary\"", "1.5"), false },
	{ VOTE(HEALTH, "\"primary\"", "\"primary\"", "9999999999999"), false },
	{ RECORDS("{\"a b\":{}}"), false },
	{ RECORDS("{\"db\":7}"), false },
	/* names that differ in case only */
	{ RECORDS("{\"db\":{\"health\":" HEALTH ",\"prefers\":\"a\",\"answers\":\"a\",\"since\":1},"
	          "\"DB\":{\"health\":" HEALTH
	          ",\"prefers\":\"a\",\"answers\":\"a\",\"since\":1}}"),
	  false },
};

static void test_host(void **state)
{
	const struct row *row = *state;
	struct value_host *host = value_host_parse(row->text, strlen(row->text));

	if (!host != !row->good)
		fail_msg("%s is %sread", row->text, host ? "" : "not ");
	value_host_free(host);
}

static void test_vote(void **state)
{
	struct value_host *host = value_host_parse(GOOD, strlen(GOOD));
	const struct fleet_host_vote *vote;

	(void)state;
	assert_string_equal(host->id, ID);
	assert_string_equal(host->site, "fra-1");
	assert_false(host->isolated);
	assert_null(value_host_find(host, "db.example.org"));
	vote = value_host_find(host, "DB.example.com");
	assert_int_equal(vote->count, 1);
	assert_string_equal(vote->ids[0], "primary");
	assert_int_equal(vote->health[0], HEALTH_UP);
	assert_string_equal(vote->prefers, "primary");
	assert_string_equal(vote->answers, "dns");
	assert_int_equal(vote->since, 1764500000);
	value_host_free(host);
}

/* The text that is written is one that is read, and the same. */
static void test_host_again(void **state)
{
	struct value_host *host = value_host_parse(GOOD, strlen(GOOD));
	size_t left_out;
	char *text = value_host_format(host, &left_out);

	(void)state;
	assert_string_equal(text, GOOD);
	assert_int_equal(left_out, 0);
	free(text);
	value_host_free(host);
}

/* What does not fit is left out, and the rest is a value that others read. */
static void test_large(void **state)
{
	enum { VOTES = 5000 };
	struct fleet_host_vote *votes = calloc(VOTES, sizeof(*votes));
	char(*names)[40] = calloc(VOTES, sizeof(*names));
	struct value_host host = { .id = ID, .site = "a", .version = "1", .votes = votes }, *again;
	size_t left_out;
	char *text;

	(void)state;
	for (; host.count < VOTES; host.count++) {
		snprintf(names[host.count], sizeof(*names), "record-%zu.example.com", host.count);
		votes[host.count] = (struct fleet_host_vote){ .record = names[host.count],
			                                      .count = 1,
			                                      .ids = { "primary" },
			                                      .prefers = "primary",
			                                      .answers = "primary" };
	}
	text = value_host_format(&host, &left_out);
	assert_true(strlen(text) <= VALUE_MAX);
	assert_true(left_out > 0 && left_out < VOTES);
	again = value_host_parse(text, strlen(text));
	assert_non_null(again);
	assert_int_equal(again->count, VOTES - left_out);
	value_host_free(again);
	free(text);
	free(votes);
	free(names);
}

#define ORDER(endpoint, until, hosts)                                                              \
	"{\"v\":1,\"endpoint\":" endpoint                                                          \
	",\"by\":\"root@db-7\",\"reason\":\"maintenance\",\"since\":1764500000,\"until\":" until   \
	",\"hosts\":" hosts "}"

static const struct row orders[] = {
	{ ORDER("\"secondary\"", "null", "null"), true },
	{ ORDER("\"secondary\"", "1764503600", "[\"a\",\"b\"]"), true },
	{ ORDER("\"\"", "1764503600", "null"), true },
	{ ORDER("\"a b\"", "null", "null"), false },
	{ ORDER("\"" TEXT_64 "\"", "null", "null"), false },
	{ ORDER("null", "null", "null"), false },
	{ ORDER("\"a\"", "\"soon\"", "null"), false },
	{ ORDER("\"a\"", "null", "[]"), false },
	{ ORDER("\"a\"", "null", "[7]"), false },
	{ ORDER("\"a\"", "null", "[\"a/b\"]"), false },
	{ ORDER("\"a\"", "null", "\"a\""), false },
	{ "{\"v\":2,\"endpoint\":\"a\",\"by\":\"b\",\"reason\":\"c\",\"since\":1,\"until\":null,"
	  "\"hosts\":null}",
	  false },
};

/* Those that are read are written as they were. */
static void test_order(void **state)
{
	const struct row *row = *state;
	struct value_order *order = value_order_parse(row->text, strlen(row->text));
	char *text;

	if (!order != !row->good)
		fail_msg("%s is %sread", row->text, order ? "" : "not ");
	if (!order)
		return;
	text = value_order_format(&order->order);
	assert_string_equal(text, row->text);
	free(text);
	value_order_free(order);
}

/* Texts for people are cut and cleaned. */
static void test_order_texts(void **state)
{
	char text[2048], reason[1024] = "";
	struct value_order *order;

	(void)state;
	memset(reason, 'r', sizeof(reason) - 1);
	snprintf(text, sizeof(text),
	         "{\"v\":1,\"endpoint\":\"a\",\"by\":\"\\u001b[31mroot\",\"reason\":\"%s\","
	         "\"since\":1,"
	         "\"until\":null,\"hosts\":null}",
	         reason);
	order = value_order_parse(text, strlen(text));
	assert_string_equal(order->order.by, "?[31mroot");
	assert_int_equal(strlen(order->order.reason), FLEET_REASON_MAX - 1);
	value_order_free(order);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(hosts) + COUNT(orders) + 4];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(hosts); i++)
		tests[count++] = (struct CMUnitTest){ .name = "host",
			                              .test_func = test_host,
			                              .initial_state = (void *)&hosts[i] };
	for (size_t i = 0; i < COUNT(orders); i++)
		tests[count++] = (struct CMUnitTest){ .name = "order",
			                              .test_func = test_order,
			                              .initial_state = (void *)&orders[i] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_vote);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_host_again);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_large);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_order_texts);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
