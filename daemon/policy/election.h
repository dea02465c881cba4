/*
 * Election: selects the endpoint that answers, from the endpoints' health and the record's policy.
 *
 * Pure: no clock, no library, no globals; times are passed in as milliseconds of CLOCK_MONOTONIC.
 * The caller keeps `struct election` between calls, and calls again whenever a health has changed
 * or `wake_ms` has been reached.
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
	/*
	 * Time that an earlier endpoint must be up without interruption before it takes over again;
	 * 0: at once.
	 */
	uint32_t failback_delay_ms;
	enum all_down all_down;
	/*
	 * An endpoint that takes over again and fails within flap_window waits for flap_penalty
	 * more, the next time for twice as much, and so on, but never for more than failback_max in
	 * total, or failback_delay if that is longer. 0: no penalty.
	 */
	uint32_t flap_penalty_ms, flap_window_ms, failback_max_ms;
	uint32_t jitter_ms; /* added to every wait: this host's point in failback_jitter */
};

/* In failover order: the primary first. */
struct election_endpoint {
	enum health_state health;
	/* It has an address; an endpoint without one is never elected while another has one. */
	bool reachable;
	uint64_t healthy_ms; /* time since which it is up; read only while it is up */
};

/*
 * The answer is the index of an endpoint or one of these values, which are the table's
 * SHUNT_ANSWER_ constants.
 */
#define ELECTION_DNS (-1)
#define ELECTION_FAIL (-2)

enum election_reason {
	REASON_START,    /* no verdict yet: the primary answers */
	REASON_HEALTHY,  /* the primary is up */
	REASON_FAILOVER, /* all endpoints before it are down */
	REASON_UNPROVEN, /* all endpoints before it are down, and it has no verdict yet */
	/* An earlier one is up again, and waits for failback_delay and flap_penalty. */
	REASON_DELAY,
	REASON_MANUAL,     /* an earlier one is up again, and waits for an operator's command */
	REASON_ALL_DOWN,   /* no endpoint is up: all_down determines the answer */
	REASON_NO_ADDRESS, /* no endpoint has an address */
	REASON_FORCED,     /* an operator has forced it */
	REASON_ORDERED     /* an operator has ordered it for several hosts */
};

/* Kept small, as every record has one. */
struct election {
	/* Set by the caller on an operator's command, before a run. */
	/*
	 * Index of the endpoint that answers whatever its health, as long as it has an address; -1
	 * if none is forced.
	 */
	int16_t forced;
	/* The same by an order for several hosts; `forced` is above it. */
	int16_t ordered;
	/*
	 * The next run lets an earlier endpoint that is up take over without waiting, and clears
	 * this.
	 */
	bool release;

	/* Set by the caller before a run. */
	/* First verdicts are still arriving: no wait begins, and no failback counts. */
	bool unsettled;
	bool hold; /* the endpoints' health may be out of date: an earlier one does not take over */

	int16_t answer; /* index, or an ELECTION_ value */
	/* The answer without `forced` and `ordered`: the election continues in the background. */
	int16_t elected;
	int16_t endpoint; /* the endpoint elected last, which all_down = hold keeps */
	enum election_reason elected_reason; /* for `elected` */
	enum election_reason reason;
	/* Number of recent failbacks, each followed by a failure within flap_window. */
	unsigned returns;
	uint64_t returned_ms; /* time of the last failback; 0 if there was none */
	uint64_t wake_ms; /* time at which to run again if nothing happens before; 0: not needed */
};

/* Must be called before the first run: the primary answers, nothing is forced. */
void election_init(struct election *election);

/* Returns true if `answer` changed. `count` is 1 to SHUNT_ENDPOINTS_MAX. */
bool election_run(struct election *election, const struct election_policy *policy,
                  const struct election_endpoint *endpoints, size_t count, uint64_t now_ms);

/*
 * The same for a record that several hosts decide together: `endpoints` are as they are for all of them,
 * and `agreed`, an index or an ELECTION_ value, is the answer for all. The election goes on from there,
 * and what it elects is only `*prefers`. `follow` is what to answer: `agreed`, or what was answered before
 * while this host waits with a move. Where that has no address on this host, its own preference answers.
 */
bool election_follow(struct election *election, const struct election_policy *policy,
                     const struct election_endpoint *endpoints, size_t count, int agreed,
                     int follow, int *prefers, uint64_t now_ms);

/* Nothing is known that could change what is elected; `forced` and `ordered` apply. */
bool election_stay(struct election *election, const struct election_endpoint *endpoints);

/*
 * How long an earlier endpoint must have been up before it takes over again: failback_delay plus
 * the current flap_penalty, and plus the jitter.
 */
uint64_t election_wait_ms(const struct election *election, const struct election_policy *policy);

#endif
