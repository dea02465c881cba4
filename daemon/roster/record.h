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
#include "policy/election.h"
#include "roster/endpoint.h"

struct decide;
struct event;
struct override;

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
