/*
 * The votes of the fleet on a record, for readers: what is agreed, which order is in force, and which
 * hosts answer, or vote, otherwise.
 */
#ifndef SHUNT_MONITOR_STANDING_H
#define SHUNT_MONITOR_STANDING_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "fleet/fleet.h"

/* Texts are valid until the next iteration of the loop. */
struct standing {
	const struct fleet *fleet;
	const char *record; /* its name */
	const char *ids[SHUNT_ENDPOINTS_MAX];
	size_t count;
	struct ballot_result ballot;
	const char *agreed; /* an endpoint's id, "dns" or "fail"; NULL: nothing is agreed */
	const struct fleet_order *order; /* NULL: there is none that names an endpoint */
};

void standing_read(struct standing *standing, const struct fleet *fleet,
                   const struct record_config *record);

struct standing_host {
	struct fleet_host host;
	struct fleet_host_vote vote;
	bool follows; /* it answers what is ordered for it, else what is agreed, if anything is */
	/* By the index in `vote`: it says up where the fleet says down, or the other way round. */
	bool dissents[SHUNT_ENDPOINTS_MAX];
};

/* `index`: of the live host, below fleet_host_count(). Returns false if it has no vote on the record. */
bool standing_host(const struct standing *standing, size_t index, struct standing_host *out);

/* The number of live hosts with a vote on the record that do not follow. */
size_t standing_strays(const struct standing *standing);

#endif
