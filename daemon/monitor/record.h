/*
 * A record as it runs: what the roster knows of it, and what was decided.
 *
 * roster builds and frees records; decide runs their elections, and alone writes what was decided, but for the override and the
 * endpoint that is forced: those are override's.
 */
#ifndef SHUNT_MONITOR_RECORD_H
#define SHUNT_MONITOR_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "monitor/endpoint.h"
#include "policy/election.h"

struct decide;
struct event;
struct override;

struct decision {
	struct election election;
	time_t since;              /* wall clock: the last change of the answer */
	uint64_t changes;          /* of the answer that were events; a reload keeps it */
	struct override *override; /* of the endpoint that is election.forced; NULL: none */
	struct event *wake;        /* for election.wake_ms; NULL until it is needed */
	const struct decide *by;   /* for `wake` */
	/*
	 * Nothing is latched until the table has settled: true for what is new since it was last settled, and was not restored from
	 * the previous run.
	 */
	bool unsettled;
	/* The endpoint that answered before a reload and is no longer there; NULL after the first election. */
	const char *gone;
};

struct record {
	const struct record_config *config;
	size_t index; /* in the configuration, and so in the table */
	struct endpoint *endpoints;
	size_t count;
	int previous; /* its index in the superseded table; -1: it is not in it, or its endpoints differ */

	struct decision decided;

	/* The monitor's list of records to decide again. */
	bool changed;
	struct record *next_changed;
};

/* An endpoint's index by its id; -1: there is none. */
int record_endpoint(const struct record *record, const char *id);

/*
 * At a reload, once the endpoints are built: takes over the decision of the record of the same name, and its place in the superseded
 * table.
 */
void record_carry(struct record *record, const struct record *old);

#endif
