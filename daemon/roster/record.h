/*
 * A record at run time: its configuration as built by the roster, and the decisions made for it.
 *
 * roster builds and frees records; decide runs their elections and is the only writer of the
 * decisions, except for the override and the forced endpoint, which belong to override.
 */
#ifndef SHUNT_ROSTER_RECORD_H
#define SHUNT_ROSTER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "fleet/terms.h"
#include "policy/ballot.h"
#include "policy/election.h"
#include "roster/endpoint.h"

struct decide;
struct event;
struct override;

/* By what a record with a scope has its answer. */
enum agreement_mode {
	AGREEMENT_ALONE,   /* there are no votes to decide by: this host decides alone */
	AGREEMENT_AWAITED, /* the daemon has just started: what it had decided before stands */
	AGREEMENT_HELD,    /* there are no votes to decide by: the answer stays */
	AGREEMENT_AGREED   /* the votes of all */
};

/* What a record with a scope needs beside its election. Written by monitor/agree. */
struct agreement {
	enum agreement_mode mode;
	time_t lost_since; /* wall clock; 0: etcd is not lost, or not used */
	/* Time since which etcd is there, and nobody has a vote; 0: somebody has. */
	uint64_t voteless_ms;
	/* Of the last decision by votes. */
	struct ballot_result result;
	/* Time since which it has been up for all; 0: at the last count of votes it was not. */
	uint64_t healthy_ms[SHUNT_ENDPOINTS_MAX];
	int prefers; /* this host's preference; as in struct election */
	/* A move back that is agreed and follows at `follow_ms`; BALLOT_NONE if there is none. */
	int next;
	uint64_t follow_ms;
	/* The order in force, without the names of hosts; has_order: there is one. */
	bool has_order;
	struct fleet_order order;
};

struct decision {
	struct election election;
	time_t since; /* wall clock: time of the last change of the answer */
	/* Number of changes of the answer that were reported as events; kept across reloads. */
	uint64_t changes;
	struct override *override; /* the override behind election.forced; NULL if there is none */
	struct event *wake;        /* timer for election.wake_ms; NULL until it is needed */
	const struct decide *by;   /* argument of `wake` */
	/*
	 * The endpoint that answered before a reload and no longer exists; NULL after the first
	 * election.
	 */
	const char *gone;
	struct agreement *agreement; /* NULL: the scope is local */
	/*
	 * No decision is final until the table has settled: true for a record that is new since the
	 * table last settled and was not restored from the previous run.
	 */
	bool unsettled;
};

struct record {
	const struct record_config *config;
	struct endpoint *endpoints;
	uint32_t index; /* its index in the configuration, and therefore in the table */
	uint32_t count;
	/* Its index in the superseded table; -1 if it is not in it, or its endpoints differ. */
	int previous;
	/* It is in the monitor's list of records to decide again. */
	bool changed;
	struct record *next_changed;

	struct decision decided;
};

/* The health that decides: that for all hosts if they have agreed, else this host's. */
enum health_state record_health(const struct record *record, size_t i);

/* The index of the endpoint with that id; -1 if there is none. */
int record_endpoint(const struct record *record, const char *id);

/*
 * Called at a reload, once the endpoints are built: takes over the decision of the record of the
 * same name, and its place in the superseded table.
 */
void record_carry(struct record *record, const struct record *old);

/*
 * The flags (SHUNT_ADDRESS_) in the table of the addresses of endpoint `i`, by the last election: part
 * of the answer and, for a record with `connect`, where connections may go and what is in doubt.
 */
void record_flags(const struct record *record, size_t i, uint32_t flags[SHUNT_ADDRESSES_MAX]);

#endif
