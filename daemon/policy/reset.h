/*
 * Whether, and when, the open connections to an endpoint are reset that a record has left.
 *
 * Pure: no clock, no library, no globals. The caller asks reset_judge() whenever an answer has
 * changed, and then reset_proceed() until that says no more than RESET_WAIT.
 */
#ifndef SHUNT_POLICY_RESET_H
#define SHUNT_POLICY_RESET_H

#include <stdbool.h>

#include "policy/health.h"

enum reset_option { RESET_KEEP, RESET_RESET };

enum reset_why {
	RESET_NOTHING_LEFT, /* the answer is the same, or was none */
	RESET_LOST,         /* it was left because it is down: on_leave */
	RESET_RETURNED,     /* an earlier one answers again: on_return */
	/* They stay: */
	RESET_NOT_WANTED, /* the option is "keep" */
	RESET_DRAINS,     /* it is not down: an operator moved the record, or it has no verdict */
	RESET_NO_BETTER,  /* what answers now is down too, or nothing does */
	RESET_UNSETTLED   /* first verdicts are still arriving */
};

/* A record's answer before and after an election. */
struct reset_change {
	int from, to;                             /* index, or an ELECTION_ value */
	enum health_state from_health, to_health; /* read only for an index */
	bool settled;
	enum reset_option on_leave, on_return;
};

enum reset_why reset_judge(const struct reset_change *change);

/*
 * The same for one address that is no longer part of the answer, while its endpoint still answers.
 * `health`: that of the address; `change` has the endpoint as `from` and `to`.
 */
enum reset_why reset_judge_address(const struct reset_change *change, enum health_state health);

static inline bool reset_applies(enum reset_why why)
{
	return why == RESET_LOST || why == RESET_RETURNED;
}

/* One address that was left, now. */
struct reset_state {
	enum reset_why why;       /* RESET_LOST or RESET_RETURNED */
	enum health_state health; /* of what was left */
	bool doubted;             /* it is down by failures that may be this host's fault */
	bool isolated;            /* nothing beyond this host answers */
	bool answers_again;       /* the record answers with it */
	bool shared;              /* another record answers with it, at one of the ports */
};

enum reset_turn { RESET_GO, RESET_WAIT, RESET_DROP };

enum reset_turn reset_proceed(const struct reset_state *state);

#endif
