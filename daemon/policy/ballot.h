/*
 * Ballot: what several hosts that check the same endpoints agree upon.
 *
 * Pure: no clock, no library, no globals. Each host computes it from the same votes, and so gets the
 * same result: there is no history in it. In two steps: the healths, of which every host makes its own
 * election; and, of what these elections prefer, the answer of all.
 */
#ifndef SHUNT_POLICY_BALLOT_H
#define SHUNT_POLICY_BALLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/health.h"

#include "shunt/table.h"

/* Who decides for a record; in the order of scope_words. */
enum ballot_scope { BALLOT_LOCAL, BALLOT_QUORUM, BALLOT_UNANIMOUS };

struct ballot_rule {
	enum ballot_scope scope;
	/* BALLOT_QUORUM, 1 to 99: an endpoint is down for all if it is for more than this share. */
	unsigned share;
	unsigned sites; /* and these are at so many sites at least; 1: that does not matter */
};

/* A preference that is no index of an endpoint and no ELECTION_ value: none is known. */
#define BALLOT_NONE (-4)

/* The vote of one live host that is not isolated. */
struct ballot_vote {
	unsigned site; /* equal numbers: the same site */
	enum health_state health[SHUNT_ENDPOINTS_MAX];
	int prefers; /* what its own election prefers: an index, an ELECTION_ value, BALLOT_NONE */
};

struct ballot_endpoint {
	unsigned up, down, unknown; /* votes */
	unsigned down_sites;        /* sites at which somebody says down */
	enum health_state health;   /* for all */
};

struct ballot_result {
	unsigned voters, sites;
	struct ballot_endpoint endpoints[SHUNT_ENDPOINTS_MAX];
	/* The answer that most prefer: an index, or an ELECTION_ value; BALLOT_NONE: nobody prefers any. */
	int agreed;
	unsigned agree; /* how many prefer that */
};

#define BALLOT_SITES_MAX 1024u /* site numbers are below this */

/*
 * Of votes that are equal in number, the endpoint that is earlier in failover order wins, and any
 * endpoint over an ELECTION_ value. `endpoints`: 1 to SHUNT_ENDPOINTS_MAX. Without voters nothing is
 * known: all healths are unknown, and nothing is agreed.
 */
void ballot_count(const struct ballot_rule *rule, const struct ballot_vote *votes, size_t voters,
                  size_t endpoints, struct ballot_result *result);

#endif
