/*
 * Election: the endpoints' health and the record's policy in, the endpoint that answers out.
 *
 * Pure: no clock, no library, no globals; time comes in as milliseconds of CLOCK_MONOTONIC. Whoever calls it keeps
 * `struct election` between calls, and calls again whenever a health changed or `wake_ms` has come.
 */
#ifndef SHUNT_POLICY_ELECTION_H
#define SHUNT_POLICY_ELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/health.h"

enum failback { FAILBACK_AUTO, FAILBACK_MANUAL };

enum all_down { ALL_DOWN_PRIMARY, ALL_DOWN_HOLD, ALL_DOWN_DNS, ALL_DOWN_FAIL };

struct election_policy {
	enum failback failback;
	uint32_t
	        failback_delay_ms; /* unbroken health before an earlier endpoint takes over again; 0: at once */
	enum all_down all_down;
	/*
	 * One that returns and fails again within flap_window waits for flap_penalty more, the next time for twice as much, and so
	 * on; never for more than failback_max in all, or failback_delay if that is longer. 0: no penalty.
	 */
	uint32_t flap_penalty_ms, flap_window_ms, failback_max_ms;
};

/* In failover order: the primary first. */
struct election_endpoint {
	enum health_state health;
	bool reachable;      /* has an address; without one it is never elected while another has */
	uint64_t healthy_ms; /* since when it is up; only read while it is */
};

/* Besides the index of an endpoint, an answer is one of these. The values are the table's SHUNT_ANSWER_. */
#define ELECTION_DNS (-1)
#define ELECTION_FAIL (-2)

enum election_reason {
	REASON_START,    /* nothing is known yet: the primary answers */
	REASON_HEALTHY,  /* the primary is up */
	REASON_FAILOVER, /* those before it are down */
	REASON_UNPROVEN, /* those before it are down, and it has no verdict yet */
	REASON_DELAY, /* an earlier one is up again, and waits for failback_delay and flap_penalty */
	REASON_MANUAL,     /* an earlier one is up again, and waits for an operator */
	REASON_ALL_DOWN,   /* nothing is up: all_down says what is answered */
	REASON_NO_ADDRESS, /* no endpoint has an address */
	REASON_FORCED      /* an operator says so */
};

struct election {
	/* The operator's, set before a run. */
	int forced; /* index of the endpoint that answers whatever its health, as long as it has an address; -1: none */
	bool release; /* the next run lets an earlier endpoint that is up take over without any wait; that clears it */

	/* The caller's, set before a run. */
	bool unsettled; /* first verdicts are still coming in: no wait begins, and no return counts */
	bool hold; /* what the endpoints' healths say may be out of date: an earlier one does not take over */

	int answer;       /* index, or ELECTION_ */
	int elected;      /* what it would be without `forced`: the election goes on underneath */
	int endpoint;     /* the last endpoint that was elected: what all_down = hold keeps */
	unsigned returns; /* failbacks of late, each followed by a failure within flap_window */
	uint64_t returned_ms; /* the last failback; 0: never */
	enum election_reason reason;
	uint64_t wake_ms; /* run again then, if nothing happens before; 0: no need */
};

/* Before the first run: the primary, nothing forced. */
void election_init(struct election *election);

/* True when `answer` changed. `count` is 1 to SHUNT_ENDPOINTS_MAX. */
bool election_run(struct election *election, const struct election_policy *policy,
                  const struct election_endpoint *endpoints, size_t count, uint64_t now_ms);

/* How long an earlier endpoint must have been up before it takes over again: failback_delay, and the flap_penalty of now. */
uint64_t election_wait_ms(const struct election *election, const struct election_policy *policy);

#endif
