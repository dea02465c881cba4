#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/policy/health.h"
#include "tests/support/unit.h"

/* One letter a verdict: P pass, F fail, - none. After each, one letter: U up, D down, ? unknown; capitals where it changed. */
struct row {
	const char *name;
	unsigned fall, rise;
	const char *verdicts;
	const char *states;
};

static const struct row rows[] = {
	{ "the first pass decides", 3, 3, "P", "U" },
	{ "the first failure decides", 3, 3, "F", "D" },
	{ "none decides nothing", 1, 1, "---", "???" },
	{ "the first verdict after none decides", 3, 3, "--F", "??D" },
	{ "fall 3", 3, 3, "PFFF", "UuuD" },
	{ "fall 1", 1, 3, "PF", "UD" },
	{ "rise 3", 3, 3, "FPPP", "DddU" },
	{ "rise 1", 3, 1, "FP", "DU" },
	{ "fall and rise are two numbers", 2, 3, "PFFPPP", "UuDddU" },
	{ "a pass starts the count to fall anew", 3, 3, "PFFPFFF", "UuuuuuD" },
	{ "a failure starts the count to rise anew", 3, 3, "FPPFPPP", "DdddddU" },
	{ "none does not count", 2, 2, "PF-----F", "UuuuuuuD" },
	{ "none does not interrupt", 3, 3, "PF-F-F", "UuuuuD" },
	{ "none does not interrupt a rise", 3, 2, "F-P--P", "DddddU" },
	{ "down stays down", 2, 2, "FFFFF", "Ddddd" },
	{ "up stays up", 2, 2, "PPPPP", "Uuuuu" },
};

static enum verdict verdict_of(char c)
{
	return c == 'P' ? VERDICT_PASS : c == 'F' ? VERDICT_FAIL : VERDICT_NONE;
}

static void thresholds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const struct health_rules rules = { row->fall, row->rise };
		struct health health = { 0 };
		char seen[32] = "";

		for (size_t k = 0; row->verdicts[k]; k++) {
			bool changed =
			        health_observe(&health, &rules, verdict_of(row->verdicts[k]));

			seen[k] = (changed ? "?UD" : "?ud")[health.state];
		}
		if (strcmp(seen, row->states) != 0)
			fail_msg("%s: %s gives %s, not %s", row->name, row->verdicts, seen,
			         row->states);
	}
}

static void doubt(void **state)
{
	const struct health_rules rules = { 3, 3 };
	struct health health = { 0 };

	(void)state;
	assert_false(health_in_doubt(&health));
	health_observe(&health, &rules, VERDICT_PASS);
	assert_false(health_in_doubt(&health));
	health_observe(&health, &rules, VERDICT_FAIL);
	assert_true(health_in_doubt(&health));
	health_observe(&health, &rules, VERDICT_NONE);
	assert_true(health_in_doubt(&health));
	health_observe(&health, &rules, VERDICT_PASS);
	assert_false(health_in_doubt(&health));
}

/* Whatever comes, a state changes only after `fall` or `rise` consecutive verdicts, none left out. */
static void random_sequences(void **state)
{
	uint32_t random = (uint32_t)time(NULL);

	(void)state;
	print_message("seed %u\n", random);
	for (unsigned round = 0; round < 2000; round++) {
		const struct health_rules rules = { 1 + round % 5, 1 + round / 5 % 5 };
		struct health health = { 0 };
		enum verdict last = VERDICT_NONE;
		unsigned run = 0;

		for (unsigned i = 0; i < 200; i++) {
			enum health_state before = health.state;
			enum verdict verdict;
			bool changed;

			random = random * 1664525 + 1013904223;
			verdict = (enum verdict)((random >> 16) % 3);
			changed = health_observe(&health, &rules, verdict);
			assert_int_equal(changed, before != health.state);
			if (verdict == VERDICT_NONE) {
				assert_false(changed);
				continue;
			}
			run = verdict == last ? run + 1 : 1;
			last = verdict;
			if (before == HEALTH_UNKNOWN)
				assert_true(changed);
			else if (changed)
				assert_true(run >=
				            (health.state == HEALTH_UP ? rules.rise : rules.fall));
			else if (verdict == (before == HEALTH_UP ? VERDICT_FAIL : VERDICT_PASS))
				assert_true(run < (before == HEALTH_UP ? rules.fall : rules.rise));
		}
	}
}

static void several_addresses(void **state)
{
	static const struct {
		enum health_state states[3];
		size_t count;
		unsigned at_least;
		enum health_state sum;
	} sums[] = {
		{ { 0 }, 0, 1, HEALTH_DOWN },
		{ { HEALTH_UP }, 1, 1, HEALTH_UP },
		{ { HEALTH_DOWN }, 1, 1, HEALTH_DOWN },
		{ { HEALTH_UNKNOWN }, 1, 1, HEALTH_UNKNOWN },
		{ { HEALTH_DOWN, HEALTH_UP, HEALTH_UNKNOWN }, 3, 1, HEALTH_UP },
		{ { HEALTH_DOWN, HEALTH_UNKNOWN, HEALTH_DOWN }, 3, 1, HEALTH_UNKNOWN },
		{ { HEALTH_DOWN, HEALTH_DOWN, HEALTH_DOWN }, 3, 1, HEALTH_DOWN },
		{ { HEALTH_UP, HEALTH_UP, HEALTH_UP }, 3, 3, HEALTH_UP },
		{ { HEALTH_UP, HEALTH_UP, HEALTH_DOWN }, 3, 3, HEALTH_DOWN },
		{ { HEALTH_UP, HEALTH_UNKNOWN, HEALTH_UP }, 3, 3, HEALTH_UNKNOWN },
		{ { HEALTH_UP, HEALTH_UNKNOWN, HEALTH_DOWN }, 3, 2, HEALTH_UNKNOWN },
		{ { HEALTH_UP, HEALTH_UNKNOWN, HEALTH_DOWN }, 3, 3, HEALTH_DOWN },
		/* 0: always; more than there are: never */
		{ { HEALTH_DOWN, HEALTH_DOWN }, 2, 0, HEALTH_UP },
		{ { HEALTH_UNKNOWN, HEALTH_DOWN }, 2, 0, HEALTH_UP },
		{ { HEALTH_UP, HEALTH_UP }, 2, 3, HEALTH_DOWN },
		{ { HEALTH_UNKNOWN, HEALTH_UNKNOWN }, 2, 3, HEALTH_DOWN },
		{ { HEALTH_UP, HEALTH_UP, HEALTH_DOWN }, 3, 2, HEALTH_UP },
		{ { HEALTH_UP, HEALTH_DOWN, HEALTH_DOWN }, 3, 2, HEALTH_DOWN },
		{ { 0 }, 0, 2, HEALTH_DOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		assert_int_equal(health_combine(sums[i].states, sums[i].count, sums[i].at_least),
		                 sums[i].sum);
}

static void inverted(void **state)
{
	(void)state;
	assert_int_equal(health_invert_verdict(VERDICT_PASS), VERDICT_FAIL);
	assert_int_equal(health_invert_verdict(VERDICT_FAIL), VERDICT_PASS);
	assert_int_equal(health_invert_verdict(VERDICT_NONE), VERDICT_NONE);
	assert_int_equal(health_invert(HEALTH_UP), HEALTH_DOWN);
	assert_int_equal(health_invert(HEALTH_DOWN), HEALTH_UP);
	assert_int_equal(health_invert(HEALTH_UNKNOWN), HEALTH_UNKNOWN);
}

static void without_verdict(void **state)
{
	static const struct {
		uint64_t since_ms, now_ms;
		uint32_t interval_ms;
		bool uncertain;
	} cases[] = {
		{ 0, 1000000, 10000, false },      { 1000, 1000, 10000, false },
		{ 1000, 30999, 10000, false },     { 1000, 31000, 10000, true },
		{ 1000, 1299, 100, false },        { 1000, 1300, 100, true },
		{ 1, 259200000, 86400000, false }, { 1, 259200001, 86400000, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(health_is_uncertain(cases[i].since_ms, cases[i].now_ms,
		                                     cases[i].interval_ms),
		                 cases[i].uncertain);
}

static void words(void **state)
{
	(void)state;
	assert_string_equal(health_word(HEALTH_UP), "up");
	assert_string_equal(health_word(HEALTH_DOWN), "down");
	assert_string_equal(health_word(HEALTH_UNKNOWN), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds),
		cmocka_unit_test(doubt),
		cmocka_unit_test(random_sequences),
		cmocka_unit_test(several_addresses),
		cmocka_unit_test(words),
		cmocka_unit_test(inverted),
		cmocka_unit_test(without_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
