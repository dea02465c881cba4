#include "policy/election.h"

#define HOLD_MS 1000u /* interval after which a held failback is reconsidered */

struct ballot {
	const struct election_policy *policy;
	const struct election_endpoint *endpoints;
	size_t count;
	uint64_t now_ms;
};

void election_init(struct election *election)
{
	*election = (struct election){
		.forced = -1, .ordered = -1, .reason = REASON_START, .elected_reason = REASON_START
	};
}

/*
 * Whether the endpoint may answer like one that is up. An endpoint without a verdict may continue
 * to answer, in particular the primary at the start, but it never takes over from one that is up.
 */
static bool can_answer(const struct election *election, const struct ballot *ballot, size_t i)
{
	const struct election_endpoint *endpoint = &ballot->endpoints[i];

	if (!endpoint->reachable)
		return false;
	if (endpoint->health == HEALTH_UNKNOWN)
		return (int)i == election->endpoint && election->elected == election->endpoint;
	return endpoint->health == HEALTH_UP;
}

static int first_unproven(const struct ballot *ballot)
{
	for (size_t i = 0; i < ballot->count; i++) {
		if (ballot->endpoints[i].reachable && ballot->endpoints[i].health == HEALTH_UNKNOWN)
			return (int)i;
	}
	return -1;
}

static int first_reachable(const struct ballot *ballot)
{
	for (size_t i = 0; i < ballot->count; i++) {
		if (ballot->endpoints[i].reachable)
			return (int)i;
	}
	return -1;
}

/* No endpoint is up, and none is without a verdict. */
static void elect_all_down(struct election *election, const struct ballot *ballot)
{
	int any = first_reachable(ballot);
	int wanted = ballot->policy->all_down == ALL_DOWN_HOLD ? election->endpoint : 0;

	election->reason = any < 0 ? REASON_NO_ADDRESS : REASON_ALL_DOWN;
	if (ballot->policy->all_down == ALL_DOWN_DNS) {
		election->elected = ELECTION_DNS;
	} else if (any < 0 || ballot->policy->all_down == ALL_DOWN_FAIL) {
		election->elected = ELECTION_FAIL;
	} else {
		election->elected = ballot->endpoints[wanted].reachable ? wanted : any;
		election->endpoint = election->elected;
	}
}

uint64_t election_wait_ms(const struct election *election, const struct election_policy *policy)
{
	uint64_t most = policy->failback_max_ms, penalty = policy->flap_penalty_ms, wait;

	if (most < policy->failback_delay_ms)
		most = policy->failback_delay_ms;
	for (unsigned i = 1; i < election->returns && penalty < most; i++)
		penalty *= 2;
	wait = policy->failback_delay_ms + (election->returns ? penalty : 0);
	return (wait < most ? wait : most) + policy->jitter_ms;
}

/*
 * The election moves to `best`. A failback counts toward the flap penalty unless the endpoint then
 * stays up for flap_window.
 */
static void count_returns(struct election *election, const struct ballot *ballot, int best)
{
	uint64_t since_ms = ballot->now_ms - election->returned_ms;

	if (best > election->endpoint && since_ms > ballot->policy->flap_window_ms)
		election->returns = 0;
	if (best < election->endpoint && ballot->endpoints[best].health == HEALTH_UP &&
	    !election->unsettled) {
		election->returns++;
		election->returned_ms = ballot->now_ms;
	}
}

/*
 * The answering endpoint is fine and an earlier one is up: decides which of them answers. Returns
 * the earlier one if it may take over, else the present one with the reason why it stays.
 */
static int elect_failback(struct election *election, const struct ballot *ballot)
{
	const struct election_policy *policy = ballot->policy;
	const uint64_t wait_ms = election_wait_ms(election, policy);

	election->reason = policy->failback == FAILBACK_MANUAL ? REASON_MANUAL : REASON_DELAY;
	if (policy->failback == FAILBACK_MANUAL)
		return election->endpoint;
	for (int i = 0; i < election->endpoint; i++) {
		uint64_t due = ballot->endpoints[i].healthy_ms + wait_ms;

		if (!can_answer(election, ballot, (size_t)i))
			continue;
		if (election->hold && due <= ballot->now_ms)
			due = ballot->now_ms + HOLD_MS;
		if (due <= ballot->now_ms)
			return i;
		if (election->wake_ms == 0 || due < election->wake_ms)
			election->wake_ms = due;
	}
	return election->endpoint;
}

static void elect(struct election *election, const struct ballot *ballot, int best)
{
	int present = election->endpoint;
	enum health_state health = ballot->endpoints[best].health;

	if (best == 0)
		election->reason = health == HEALTH_UP ? REASON_HEALTHY : REASON_START;
	else
		election->reason = health == HEALTH_UP ? REASON_FAILOVER : REASON_UNPROVEN;
	if (best < present && !election->release && !election->unsettled &&
	    can_answer(election, ballot, (size_t)present)) {
		int winner = elect_failback(election, ballot);

		/* If a wake time is set, an earlier endpoint is still waiting. */
		if (winner != present && election->wake_ms == 0)
			election->reason = winner == 0 ? REASON_HEALTHY : REASON_FAILOVER;
		best = winner;
	}
	election->elected = best;
	/*
	 * An endpoint that merely has no address yet (its name is being resolved) has not failed,
	 * so no failback to it is needed.
	 */
	if (best < present || ballot->endpoints[present].health == HEALTH_DOWN) {
		count_returns(election, ballot, best);
		election->endpoint = best;
	}
}

/* The election as if no endpoint were forced. */
static void elect_by_health(struct election *election, const struct ballot *ballot)
{
	int best = -1;

	for (size_t i = 0; i < ballot->count && best < 0; i++) {
		if (can_answer(election, ballot, i))
			best = (int)i;
	}
	if (best < 0)
		best = first_unproven(ballot);
	if (best < 0)
		elect_all_down(election, ballot);
	else
		elect(election, ballot, best);
}

/* Returns true if `answer` changed. */
static bool apply_orders(struct election *election, const struct election_endpoint *endpoints)
{
	const int before = election->answer;

	election->answer = election->elected;
	if (election->ordered >= 0 && endpoints[election->ordered].reachable) {
		election->answer = election->ordered;
		election->reason = REASON_ORDERED;
	}
	if (election->forced >= 0 && endpoints[election->forced].reachable) {
		election->answer = election->forced;
		election->reason = REASON_FORCED;
	}
	return election->answer != before;
}

bool election_run(struct election *election, const struct election_policy *policy,
                  const struct election_endpoint *endpoints, size_t count, uint64_t now_ms)
{
	const struct ballot ballot = { policy, endpoints, count, now_ms };

	election->wake_ms = 0;
	elect_by_health(election, &ballot);
	election->release = false;
	election->elected_reason = election->reason;
	return apply_orders(election, endpoints);
}

/* The answer of all hosts is where the election stands; a move of theirs is one of this host. */
static void adopt(struct election *election, const struct ballot *ballot, int agreed)
{
	if (agreed < 0 || agreed == election->endpoint)
		return;
	count_returns(election, ballot, agreed);
	election->endpoint = agreed;
}

bool election_follow(struct election *election, const struct election_policy *policy,
                     const struct election_endpoint *endpoints, size_t count, int agreed,
                     int follow, int *prefers, uint64_t now_ms)
{
	const struct ballot ballot = { policy, endpoints, count, now_ms };
	struct election mine;

	adopt(election, &ballot, agreed);
	mine = *election;
	mine.elected = agreed >= 0 ? agreed : mine.elected;
	mine.hold = false;
	mine.wake_ms = 0;
	elect_by_health(&mine, &ballot);
	*prefers = mine.elected;
	election->release = false;
	election->wake_ms = mine.wake_ms;
	election->reason = election->elected_reason = mine.reason;
	election->elected = follow >= 0 && !endpoints[follow].reachable ? mine.elected : follow;
	return apply_orders(election, endpoints);
}

bool election_stay(struct election *election, const struct election_endpoint *endpoints)
{
	election->wake_ms = 0;
	election->reason = election->elected_reason;
	return apply_orders(election, endpoints);
}
