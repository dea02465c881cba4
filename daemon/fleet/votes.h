/* This host's own votes, as they are to be published. */
#ifndef SHUNT_FLEET_VOTES_H
#define SHUNT_FLEET_VOTES_H

#include <stdbool.h>
#include <stddef.h>

#include "fleet/terms.h"

struct votes {
	struct fleet_host_vote *list; /* sorted by record; */
	char **blocks;                /* the texts of each */
	size_t count, room;
};

/* Returns true if it differs from the last one on that record. `now`: wall clock. */
bool votes_set(struct votes *votes, const struct fleet_vote *vote, time_t now);

/* Drops those on records that `config` does not have with a scope. Returns true if there were any. */
bool votes_keep(struct votes *votes, const struct config *config);

void votes_free(struct votes *votes);

#endif
