/*
 * The roster: a configuration's records as they run, with their endpoints and the addresses behind them.
 *
 * The monitor builds one for each configuration, from the one before it, and frees that. The roster keeps the
 * addresses true (literals, and what the resolver says of names) and counts their health; it decides nothing.
 */
#ifndef SHUNT_MONITOR_ROSTER_H
#define SHUNT_MONITOR_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "monitor/target.h"
#include "policy/election.h"
#include "policy/health.h"
#include "resolve/resolve.h"

/* One address of one endpoint. */
struct member {
	struct endpoint *endpoint;
	struct address address;
	struct target *target; /* NULL: no check, so always up */
	struct member *next_user, **link;
	bool listed; /* false: DNS names it no longer; it stays until one that is listed has a verdict,
	                or as long as all that DNS names is refused */
};

struct endpoint {
	struct record *record;
	const struct endpoint_config *config;
	struct member *members[SHUNT_ADDRESSES_MAX];
	size_t count;
	struct resolve_watch **watches; /* by source, NULL for a literal; NULL: all are literals */
	enum health_state health;
	uint64_t healthy_ms; /* CLOCK_MONOTONIC; since when it is up */
	bool resolve_failed; /* an event has said so */
	size_t refused;      /* local addresses that the last events left out */
	bool more;           /* an event has said that some do not fit the table */
};

struct record {
	struct roster *roster;
	const struct record_config *config;
	struct endpoint *endpoints;
	size_t count;
	struct election election;
	time_t since;              /* wall clock: the last change of the answer */
	uint64_t changes;          /* of the answer that were events; a reload keeps it */
	struct override *override; /* of the endpoint that is election.forced; NULL: none */
	struct event *wake;        /* for election.wake_ms; NULL until it is needed */
	int previous; /* its index in the superseded table; -1: it stands not in it, or otherwise */
	const char *gone; /* who answered and is no longer there; until the first election */
	bool changed;     /* waits in the monitor's list */
	struct record *next_changed;
};

struct roster {
	struct record *records;
	size_t count;
	struct targets *targets;
	struct resolver *resolver;
	void (*changed)(void *arg, struct record *record); /* a name resolves to other addresses */
	void *arg;
};

/*
 * `old` may be NULL; what it knows of the same records, endpoints and addresses is carried over, and it must be freed after the
 * first election of each record (record.gone is its configuration's). `config` must outlive the roster.
 */
struct roster *roster_build(const struct config *config, const struct roster *old,
                            struct targets *targets, struct resolver *resolver,
                            void (*changed)(void *arg, struct record *record), void *arg);
void roster_free(struct roster *roster);

/* The record of that name or alias, in any case, with or without a final dot; NULL. */
struct record *roster_find(const struct roster *roster, const char *name);

/* An endpoint's index by its id; -1: there is none. */
int record_endpoint(const struct record *record, const char *id);

/* How many names still wait for their first outcome. */
size_t roster_unresolved(const struct roster *roster);

enum health_state member_health(const struct member *member);

/* Recounts the endpoint's health, and drops addresses that DNS names no longer as soon as they are not needed. */
void endpoint_count_health(struct endpoint *endpoint, uint64_t now_ms);

/* Which of the members are part of the answer: those that are up, else those without a verdict, else all. */
void endpoint_answers(const struct endpoint *endpoint, bool answers[SHUNT_ADDRESSES_MAX]);

/* What stands in the way of its names: "standby.example.net: NXDOMAIN"; NULL when nothing does. */
const char *endpoint_resolve_error(const struct endpoint *endpoint);

#endif
