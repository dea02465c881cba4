/* What is known of one address family of a name: the last good addresses and error. Pure. */
#ifndef SHUNT_RESOLVE_OUTCOME_H
#define SHUNT_RESOLVE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "resolve/answer.h"

/* All zeros at first. */
struct outcome {
	bool concluded;          /* had at least one outcome */
	bool failing;            /* the last outcome was a failure */
	bool absent;             /* …because a server reported that there are no addresses */
	bool more;               /* more addresses than fit */
	unsigned failures;       /* since the last success, not counting outages of the servers */
	const char *error;       /* while it is failing; a constant, compared by address */
	struct address *address; /* from the last success; owned */
	size_t address_count;
};

/* When to query again. */
struct outcome_next {
	uint32_t wait_ms; /* unless `outage` */
	bool outage;      /* no server has answered anything since the last attempt */
};

/*
 * Takes the answer to a query: of DNS_GOOD, DNS_ABSENT and DNS_FAILED. `other` is the other family
 * of the name. `others_answered`: servers have answered other queries since this one last failed.
 * `*changed`: whether the addresses are different now.
 */
struct outcome_next outcome_take(struct outcome *outcome, const struct outcome *other,
                                 const struct dns_answer *answer, bool others_answered,
                                 bool *changed);

/*
 * The error to report for a family, or NULL. It is no error that a name has no addresses of one
 * family while it has, or may still get, some of the other. `other` is NULL if only one is wanted.
 */
const char *outcome_error(const struct outcome *outcome, const struct outcome *other);

/* Frees what it owns; it is all zeros again. */
void outcome_clear(struct outcome *outcome);

#endif
