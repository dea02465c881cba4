/*
 * The election of a record that several hosts decide together.
 *
 * decide calls agree_elect() instead of election_run(), and agree_vote() once the answer is out.
 */
#ifndef SHUNT_MONITOR_AGREE_H
#define SHUNT_MONITOR_AGREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/election.h"

struct fleet;
struct record;

/*
 * As election_run(), for a record with an agreement: `own` are the endpoints as they are for this host.
 * Emits the events of orders. `fleet` may be NULL.
 */
bool agree_elect(struct fleet *fleet, struct record *record, const struct election_endpoint *own,
                 uint64_t now_ms);

/* Publishes this host's vote, which must be no provisional one. */
void agree_vote(struct fleet *fleet, const struct record *record);

#endif
