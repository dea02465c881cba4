#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/policy/election.h"
#include "shunt/table.h"
#include "tests/support/unit.h"

/*
 * A step is what the endpoints are, in order: U up, D down, ? no verdict; a lower-case u, d or n ("no verdict") has no address.
 * Before them, a digit: that one is forced from here on; -: no longer; !: release; ~: not settled, in this step; =: hold, in this step. Steps are 1 s apart. What is expected of each: the index that answers, or N (DNS) or F (fail), and the reason's letter.
 */
struct row {
	const char *name;
	enum failback failback;
	uint32_t delay_ms;
	enum all_down all_down;
	const char *steps;    /* separated by spaces */
	const char *expected; /* one pair a step */
};

#define AUTO FAILBACK_AUTO, 0, ALL_DOWN_PRIMARY
#define MANUAL FAILBACK_MANUAL, 0, ALL_DOWN_PRIMARY

/* s start, h healthy, f failover, u unproven, d delay, m manual, a all down, n no address, o forced */
static const char reasons[] = "shfudmano";

static const struct row rows[] = {
	/* Route 53's table: primary up / primary down, secondary up / both down */
	{ "primary up", AUTO, "UU UD U?", "0h 0h 0h" },
	{ "primary down", AUTO, "DU", "1f" },
	{ "both down", AUTO, "DD", "0a" },
	{ "failover and back", AUTO, "UU DU UU", "0h 1f 0h" },
	{ "failover, then both down, then the standby first", AUTO, "UU DU DD DU", "0h 1f 0a 1f" },
	{ "a record of one endpoint", AUTO, "? U D U", "0s 0h 0a 0h" },

	{ "unknown at start: the primary answers", AUTO, "?? ?U ?D", "0s 0s 0s" },
	{ "the first result decides", AUTO, "?? D?", "0s 1u" },
	{ "an unproven standby is better than a dead primary", AUTO, "D? DD", "1u 0a" },
	{ "a proven one is better than an unproven one", AUTO, "D?U DUU", "2f 1f" },
	{ "the standby without a verdict goes on answering", AUTO, "D? D?", "1u 1u" },
	{ "a new primary takes over after its first pass", AUTO, "DU ?U UU", "1f 1f 0h" },
	{ "one whose address changed goes on answering", AUTO, "UU ?U UU", "0h 0s 0h" },
	{ "back on the primary, whose address changes", AUTO, "DU UU ?U", "1f 0h 0s" },
	{ "one whose address changed and fails", AUTO, "UU ?U DU", "0h 0s 1f" },

	{ "several secondaries, in order", AUTO, "DUU DDU DDD DUD", "1f 2f 0a 1f" },
	{ "back through the order", AUTO, "DDU DUU UUU", "2f 1f 0h" },

	{ "manual failback stays", MANUAL, "DU UU UU", "1f 1m 1m" },
	{ "manual failback leaves a standby that fails", MANUAL, "DU UU UD", "1f 1m 0h" },
	{ "manual failback forgets when it fails again", MANUAL, "DU UU DU UU", "1f 1m 1f 1m" },
	{ "manual failback among several", MANUAL, "DDU DUU UUU UUD", "2f 2m 2m 0h" },
	{ "manual, all down, and both come up", MANUAL, "DU DD UU", "1f 0a 0h" },
	{ "manual, all down, and what comes up first", MANUAL, "DU DD DU UU", "1f 0a 1f 1m" },

	{ "failback waits for its delay", FAILBACK_AUTO, 2000, ALL_DOWN_PRIMARY, "DU UU UU UU",
	  "1f 1d 1d 0h" },
	{ "a relapse starts the delay anew", FAILBACK_AUTO, 2000, ALL_DOWN_PRIMARY,
	  "DU UU DU UU UU UU", "1f 1d 1f 1d 1d 0h" },
	{ "no delay when the standby fails", FAILBACK_AUTO, 60000, ALL_DOWN_PRIMARY, "DU UU UD",
	  "1f 1d 0h" },
	{ "the first at its delay's end wins", FAILBACK_AUTO, 2000, ALL_DOWN_PRIMARY,
	  "DDU DUU UUU UUU UUU", "2f 2d 2d 1d 0h" },

	{ "all_down hold keeps the last", FAILBACK_AUTO, 0, ALL_DOWN_HOLD, "DU DD DD UD",
	  "1f 1a 1a 0h" },
	{ "all_down hold before there was one", FAILBACK_AUTO, 0, ALL_DOWN_HOLD, "DD", "0a" },
	{ "all_down dns", FAILBACK_AUTO, 0, ALL_DOWN_DNS, "UU DD DU UU", "0h Na 1f 0h" },
	{ "all_down fail", FAILBACK_AUTO, 0, ALL_DOWN_FAIL, "UU DD UD", "0h Fa 0h" },

	{ "forced while all is well", AUTO, "UU 1UU UU -UU", "0h 1o 1o 0h" },
	{ "forced onto one that is down, or becomes so", AUTO, "1UD U? DU DD -DD",
	  "1o 1o 1o 1o 0a" },
	{ "forced where it answers already", AUTO, "0UU DU -DU", "0o 0o 1f" },
	{ "another is forced", AUTO, "1UUU 2UUU -UUU", "1o 2o 0h" },
	{ "forced has no address: as if it were not", AUTO, "1Uu UU DU Du", "0h 1o 1o 0a" },
	{ "forced when all_down says otherwise", FAILBACK_AUTO, 0, ALL_DOWN_FAIL, "1DD -DD",
	  "1o Fa" },
	{ "forced before the first verdict", AUTO, "1?? -?? 1?U -?U", "1o 0s 1o 0s" },
	{ "a manual failback goes on underneath", MANUAL, "DU 0DU UU -UU", "1f 0o 0o 1m" },
	{ "forcing starts no manual failback", MANUAL, "UU 1UU -UU", "0h 1o 0h" },
	{ "a delay goes on underneath", FAILBACK_AUTO, 2000, ALL_DOWN_PRIMARY, "DU 1UU UU -UU UU",
	  "1f 1o 1o 0h 0h" },
	{ "hold keeps what was elected", FAILBACK_AUTO, 0, ALL_DOWN_HOLD, "UUU 2DUU DDD -DDD",
	  "0h 2o 2o 1a" },

	{ "release ends a manual failback", MANUAL, "DU UU !UU DU UU", "1f 1m 0h 1f 1m" },
	{ "release ends a delay", FAILBACK_AUTO, 9000, ALL_DOWN_PRIMARY, "DU UU !UU", "1f 1d 0h" },
	{ "release goes to the first that is up", MANUAL, "DDU DUU !DUU UUU", "2f 2m 1f 1m" },
	{ "release lasts for one run", MANUAL, "DU !DU UU", "1f 1f 1m" },
	{ "release brings nothing up", MANUAL, "DU !?U !DU", "1f 1f 1f" },
	{ "auto: an override ends and a failback with it", MANUAL, "DU 1DU UU -!UU",
	  "1f 1o 1o 0h" },

	{ "not settled: what answers first latches nothing", MANUAL, "~D?U ~DUU DUU UUU",
	  "2f 1f 1f 1m" },
	{ "not settled: nor does a standby", MANUAL, "~?U ~DU ~UU UU", "0s 1f 0h 0h" },
	{ "settled, it latches as ever", MANUAL, "~?U ~DU UU", "0s 1f 1m" },
	{ "not settled: no delay", FAILBACK_AUTO, 9000, ALL_DOWN_PRIMARY, "~DU ~UU", "1f 0h" },
	{ "not settled: what was restored and has failed is left", MANUAL, "~DU UD", "1f 0h" },
	{ "hold: a failback waits", AUTO, "DU =UU =UU UU", "1f 1d 1d 0h" },
	{ "hold: what is down is left all the same", AUTO, "UU =DU =UD", "0h 1f 0h" },
	{ "hold: orders are carried out", AUTO, "DU =0UU =-UU !=UU", "1f 0o 1d 0h" },

	{ "no address yet: the standby stands in", AUTO, "nU ?U UU", "1f 1f 0h" },
	{ "standing in needs no failback", MANUAL, "nU ?U UU", "1f 1f 0h" },
	{ "standing in, and the first result is bad", AUTO, "nU ?U DU", "1f 1f 1f" },
	{ "nobody has an address", AUTO, "nn nU", "Fn 1f" },
	{ "nobody has an address, DNS may answer", FAILBACK_AUTO, 0, ALL_DOWN_DNS, "nn", "Nn" },
	{ "all down, the primary without address", AUTO, "dD", "1a" },
	{ "no check and no address", AUTO, "uU UU", "1f 0h" },
};

static void read_endpoint(struct election_endpoint *endpoint, char c, uint64_t now_ms)
{
	enum health_state health = strchr("Uu", c)   ? HEALTH_UP
	                           : strchr("Dd", c) ? HEALTH_DOWN
	                                             : HEALTH_UNKNOWN;

	if (health == HEALTH_UP && endpoint->health != HEALTH_UP)
		endpoint->healthy_ms = now_ms;
	endpoint->health = health;
	endpoint->reachable = strchr("UD?", c) != NULL;
}

static char answer_letter(int answer)
{
	return answer == ELECTION_DNS ? 'N' : answer == ELECTION_FAIL ? 'F' : (char)('0' + answer);
}

/* The operator's letters at the head of a step. Returns what follows. */
static const char *read_orders(struct election *election, const char *step)
{
	election->unsettled = election->hold = false;
	for (;; step++) {
		if (*step == '-')
			election->forced = -1;
		else if (*step == '!')
			election->release = true;
		else if (*step == '~')
			election->unsettled = true;
		else if (*step == '=')
			election->hold = true;
		else if (*step >= '0' && *step <= '9')
			election->forced = *step - '0';
		else
			return step;
	}
}

static void run_row(const struct row *row)
{
	const struct election_policy policy = { .failback = row->failback,
		                                .failback_delay_ms = row->delay_ms,
		                                .all_down = row->all_down };
	struct election_endpoint endpoints[SHUNT_ENDPOINTS_MAX] = { 0 };
	struct election election;
	const char *step = row->steps;
	const char *expected = row->expected;
	uint64_t now_ms = 1000;

	election_init(&election);
	while (*step) {
		size_t count;
		int before = election.answer;
		bool changed;

		step = read_orders(&election, step);
		count = strcspn(step, " ");
		for (size_t i = 0; i < count; i++)
			read_endpoint(&endpoints[i], step[i], now_ms);
		changed = election_run(&election, &policy, endpoints, count, now_ms);
		assert_int_equal(changed, before != election.answer);
		if (answer_letter(election.answer) != expected[0] ||
		    reasons[election.reason] != expected[1])
			fail_msg("%s: '%s' gives %c%c, not %.2s", row->name, step,
			         answer_letter(election.answer), reasons[election.reason],
			         expected);
		/* A second run at the same time changes nothing. */
		assert_false(election_run(&election, &policy, endpoints, count, now_ms));
		assert_int_equal(reasons[election.reason], expected[1]);
		step += count + strspn(step + count, " ");
		expected += 2 + strspn(expected + 2, " ");
		now_ms += 1000;
	}
	assert_int_equal(*expected, '\0');
}

static void policies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_row(&rows[i]);
}

/*
 * The primary of two fails and rises again and again. Each step is how long it was up and answered before it failed, and how long
 * it then has to be up again before it answers, in seconds; it is down for one second in between.
 */
struct flapping {
	const char *name;
	struct election_policy policy;
	struct {
		uint32_t lasted, waits;
	} steps[8];
};

#define POLICY(delay, penalty, window, most)                                                       \
	{                                                                                          \
		.failback_delay_ms = 1000 * (delay), .flap_penalty_ms = 1000 * (penalty),          \
		.flap_window_ms = 1000 * (window), .failback_max_ms = 1000 * (most)                \
	}

static const struct flapping flappings[] = {
	{ "off", POLICY(0, 0, 600, 3600), { { 5, 0 }, { 5, 0 }, { 5, 0 } } },
	{ "a delay alone does not grow",
	  POLICY(7, 0, 600, 3600),
	  { { 5, 7 }, { 5, 7 }, { 5, 7 } } },
	{ "each return doubles it",
	  POLICY(0, 10, 600, 3600),
	  { { 5, 0 }, { 5, 10 }, { 5, 20 }, { 5, 40 }, { 5, 80 } } },
	{ "beside the delay",
	  POLICY(3, 10, 600, 3600),
	  { { 5, 3 }, { 5, 13 }, { 5, 23 }, { 5, 43 } } },
	{ "up to the most",
	  POLICY(3, 10, 600, 30),
	  { { 5, 3 }, { 5, 13 }, { 5, 23 }, { 5, 30 }, { 5, 30 } } },
	{ "the most is never less than the delay",
	  POLICY(60, 10, 600, 30),
	  { { 5, 60 }, { 5, 60 } } },
	{ "what lasts begins anew",
	  POLICY(0, 10, 600, 3600),
	  { { 5, 0 }, { 5, 10 }, { 601, 0 }, { 5, 10 }, { 600, 20 }, { 5, 40 } } },
	{ "a wait that is longer than the window does not end the count",
	  POLICY(0, 100, 60, 3600),
	  { { 5, 0 }, { 5, 100 }, { 5, 200 }, { 61, 0 } } },
	{ "many returns do not overflow",
	  POLICY(0, 86400, 600, 86400),
	  { { 5, 0 }, { 5, 86400 }, { 5, 86400 } } },
};

static void flap(const struct flapping *row)
{
	struct election_endpoint endpoints[2] = { { HEALTH_UP, true, 0 }, { HEALTH_UP, true, 0 } };
	struct election election;
	uint64_t now_ms = 1000000;

	election_init(&election);
	election_run(&election, &row->policy, endpoints, 2, now_ms);
	for (size_t i = 0; i < 8 && row->steps[i].lasted; i++) {
		uint64_t wait_ms = 1000 * (uint64_t)row->steps[i].waits;

		now_ms += 1000 * (uint64_t)row->steps[i].lasted;
		endpoints[0].health = HEALTH_DOWN;
		assert_true(election_run(&election, &row->policy, endpoints, 2, now_ms));
		now_ms += 1000;
		endpoints[0] = (struct election_endpoint){ HEALTH_UP, true, now_ms };
		if (election_run(&election, &row->policy, endpoints, 2, now_ms) != (wait_ms == 0))
			fail_msg("%s, step %zu: answers %d", row->name, i, election.answer);
		if (wait_ms && election.wake_ms != now_ms + wait_ms)
			fail_msg("%s, step %zu: waits for %llu ms", row->name, i,
			         (unsigned long long)(election.wake_ms - now_ms));
		now_ms += wait_ms;
		election_run(&election, &row->policy, endpoints, 2, now_ms);
		assert_int_equal(election.answer, 0);
	}
}

static void flap_penalties(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flappings) / sizeof(flappings[0]); i++)
		flap(&flappings[i]);
}

/* Who has no penalty to serve leaves a standby that fails, and release does not wait for it. */
static void penalty_gives_way(void **state)
{
	const struct election_policy policy = POLICY(0, 100, 600, 3600);
	struct election_endpoint endpoints[2] = { { HEALTH_DOWN, true, 0 },
		                                  { HEALTH_UP, true, 0 } };
	struct election election;

	(void)state;
	for (int released = 0; released < 2; released++) {
		election_init(&election);
		election.returns = 1;
		election.returned_ms = 900;
		endpoints[0] = (struct election_endpoint){ HEALTH_DOWN, true, 0 };
		endpoints[1].health = HEALTH_UP;
		election_run(&election, &policy, endpoints, 2, 1000);
		endpoints[0] = (struct election_endpoint){ HEALTH_UP, true, 2000 };
		election_run(&election, &policy, endpoints, 2, 2000);
		assert_int_equal(election.answer, 1);
		assert_int_equal(election.reason, REASON_DELAY);
		if (released)
			election.release = true;
		else
			endpoints[1].health = HEALTH_DOWN;
		election_run(&election, &policy, endpoints, 2, 3000);
		assert_int_equal(election.answer, 0);
		assert_int_equal(election.returns, 2);
	}
}

/* Returns before the table has settled are not flapping. */
static void unsettled_counts_no_returns(void **state)
{
	const struct election_policy policy = POLICY(0, 100, 600, 3600);
	struct election_endpoint endpoints[2] = { { HEALTH_DOWN, true, 0 },
		                                  { HEALTH_UP, true, 0 } };
	struct election election;

	(void)state;
	for (int unsettled = 0; unsettled < 2; unsettled++) {
		election_init(&election);
		election.unsettled = unsettled;
		endpoints[0].health = HEALTH_DOWN;
		election_run(&election, &policy, endpoints, 2, 1000);
		endpoints[0].health = HEALTH_UP;
		election_run(&election, &policy, endpoints, 2, 2000);
		assert_int_equal(election.answer, 0);
		assert_int_equal(election.returns, !unsettled);
	}
}

/* Whoever calls knows when to call again. */
static void wakes_for_the_delay(void **state)
{
	const struct election_policy policy = { .failback_delay_ms = 5000 };
	struct election_endpoint endpoints[2] = {
		{ HEALTH_DOWN, true, 0 },
		{ HEALTH_UP, true, 1000 },
	};
	struct election election;

	(void)state;
	election_init(&election);
	election_run(&election, &policy, endpoints, 2, 1000);
	assert_int_equal(election.wake_ms, 0);
	endpoints[0] = (struct election_endpoint){ HEALTH_UP, true, 3000 };
	election_run(&election, &policy, endpoints, 2, 3000);
	assert_int_equal(election.answer, 1);
	assert_int_equal(election.wake_ms, 8000);
	assert_false(election_run(&election, &policy, endpoints, 2, 7999));
	assert_true(election_run(&election, &policy, endpoints, 2, 8000));
	assert_int_equal(election.answer, 0);
	assert_int_equal(election.wake_ms, 0);
}

/* Two earlier ones wait: the one whose delay ends first wakes. */
static void wakes_for_the_first(void **state)
{
	const struct election_policy policy = { .failback_delay_ms = 5000 };
	struct election_endpoint endpoints[3] = {
		{ HEALTH_DOWN, true, 0 },
		{ HEALTH_DOWN, true, 0 },
		{ HEALTH_UP, true, 1000 },
	};
	struct election election;

	(void)state;
	election_init(&election);
	election_run(&election, &policy, endpoints, 3, 1000);
	endpoints[0] = (struct election_endpoint){ HEALTH_UP, true, 2000 };
	endpoints[1] = (struct election_endpoint){ HEALTH_UP, true, 3000 };
	election_run(&election, &policy, endpoints, 3, 3000);
	assert_int_equal(election.wake_ms, 7000);
	endpoints[0].healthy_ms = 3000;
	endpoints[1].healthy_ms = 2000;
	election_run(&election, &policy, endpoints, 3, 3000);
	assert_int_equal(election.wake_ms, 7000);
}

/* --- several hosts --- */

/*
 * A step: the endpoints as they are for all, a letter each as above; then what all have agreed upon, and
 * what is followed, a digit each. What is expected: the answer, the preference.
 */
struct agreed_row {
	const char *name;
	enum failback failback;
	uint32_t delay_ms;
	const char *steps, *expected;
};

static const struct agreed_row agreed_rows[] = {
	{ "what is preferred is not answered before all have agreed", FAILBACK_AUTO, 0,
	  "UU00 DU00 DU00 DU11 UU11 UU00", "00 01 01 11 10 00" },
	{ "the delay counts from when it is up for all", FAILBACK_AUTO, 2000,
	  "DU11 UU11 UU11 UU11 UU00", "11 11 11 10 00" },
	{ "manual failback", FAILBACK_MANUAL, 0, "DU11 UU11 UU11 UD11 UD00", "11 11 11 10 00" },
	{ "a newcomer stands where all are", FAILBACK_MANUAL, 0, "UU11 UU11", "11 11" },
	{ "a move back that waits", FAILBACK_AUTO, 0, "DU11 UU11 UU01 UU01 UU00",
	  "11 10 10 10 00" },
	{ "where the answer of all has no address here, the own preference answers", FAILBACK_AUTO,
	  0, "Uu11", "00" },
	{ "without a verdict it goes on answering", FAILBACK_AUTO, 0, "U?11 D?11 ?U00",
	  "10 11 00" },
};

static void follow_row(const struct agreed_row *row)
{
	const struct election_policy policy = { .failback = row->failback,
		                                .failback_delay_ms = row->delay_ms };
	struct election_endpoint endpoints[SHUNT_ENDPOINTS_MAX] = { 0 };
	const char *expected = row->expected;
	struct election election;
	uint64_t now_ms = 1000;

	election_init(&election);
	for (const char *step = row->steps; *step; step += 4 + (step[4] == ' ')) {
		int prefers;

		for (size_t i = 0; i < 2; i++)
			read_endpoint(&endpoints[i], step[i], now_ms);
		election_follow(&election, &policy, endpoints, 2, step[2] - '0', step[3] - '0',
		                &prefers, now_ms);
		if (election.answer != expected[0] - '0' || prefers != expected[1] - '0')
			fail_msg("%s: %.4s gives %d %d, not %.2s", row->name, step, election.answer,
			         prefers, expected);
		expected += 2 + (expected[2] == ' ');
		now_ms += 1000;
	}
}

static void agreements(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(agreed_rows) / sizeof(agreed_rows[0]); i++)
		follow_row(&agreed_rows[i]);
}

/* An order is above what is agreed, and one for this host alone above that; to wait is ended once. */
static void orders_of_several(void **state)
{
	const struct election_policy policy = { .failback = FAILBACK_MANUAL };
	struct election_endpoint endpoints[] = { { HEALTH_UP, true, 1 }, { HEALTH_UP, true, 1 } };
	struct election election;
	int prefers;

	(void)state;
	election_init(&election);
	election_follow(&election, &policy, endpoints, 2, 1, 1, &prefers, 2);
	assert_int_equal(election.reason, REASON_MANUAL);
	election.ordered = 0;
	assert_true(election_follow(&election, &policy, endpoints, 2, 1, 1, &prefers, 3));
	assert_int_equal(election.reason, REASON_ORDERED);
	assert_int_equal(prefers, 1);
	election.forced = 1;
	assert_true(election_stay(&election, endpoints));
	assert_int_equal(election.reason, REASON_FORCED);
	election.forced = election.ordered = -1;
	assert_false(election_stay(&election, endpoints));
	assert_int_equal(election.reason, REASON_MANUAL);
	election.release = true;
	election_follow(&election, &policy, endpoints, 2, 1, 1, &prefers, 4);
	assert_int_equal(prefers, 0);
	assert_false(election.release);
	election_follow(&election, &policy, endpoints, 2, 1, 1, &prefers, 5);
	assert_int_equal(prefers, 1);
}

/* A move that all have agreed upon counts once, however often they are asked meanwhile. */
static void returns_of_several(void **state)
{
	const struct election_policy policy = POLICY(0, 10, 600, 3600);
	struct election_endpoint endpoints[] = { { HEALTH_UP, true, 1 }, { HEALTH_UP, true, 1 } };
	struct election election;
	int prefers;

	(void)state;
	election_init(&election);
	election_follow(&election, &policy, endpoints, 2, 1, 1, &prefers, 1000);
	for (unsigned i = 0; i < 5; i++)
		election_follow(&election, &policy, endpoints, 2, 1, 1, &prefers, 2000);
	assert_int_equal(election.returns, 0);
	election_follow(&election, &policy, endpoints, 2, 0, 0, &prefers, 3000);
	assert_int_equal(election.returns, 1);
	election_follow(&election, &policy, endpoints, 2, 0, 0, &prefers, 4000);
	assert_int_equal(election.returns, 1);
}

/* A host's own point of failback_jitter is added to every wait, and to the longest, too. */
static void jitter(void **state)
{
	struct election_policy policy = POLICY(7, 10, 600, 8);
	struct election election = { .returns = 0 };

	(void)state;
	policy.jitter_ms = 500;
	assert_int_equal(election_wait_ms(&election, &policy), 7500);
	election.returns = 5;
	assert_int_equal(election_wait_ms(&election, &policy), 8500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies),
		cmocka_unit_test(flap_penalties),
		cmocka_unit_test(penalty_gives_way),
		cmocka_unit_test(unsettled_counts_no_returns),
		cmocka_unit_test(wakes_for_the_delay),
		cmocka_unit_test(wakes_for_the_first),
		cmocka_unit_test(agreements),
		cmocka_unit_test(orders_of_several),
		cmocka_unit_test(returns_of_several),
		cmocka_unit_test(jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
