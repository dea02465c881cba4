/*
 * From the healths of a record's endpoints to the table: the election, and what follows from it.
 *
 *   endpoint_count_health → election_run → tables_publish → event
 *
 * The monitor calls it for each record whose endpoints changed; the rest happens by a record's own timer.
 */
#ifndef SHUNT_MONITOR_DECIDE_H
#define SHUNT_MONITOR_DECIDE_H

#include <stdbool.h>

#include "monitor/record.h"

struct event_base;
struct host_fault;
struct state;
struct tables;

/* The monitor owns it, and it must outlive all records. */
struct decide {
	struct event_base *base;
	const struct host_fault *host_fault;
	const struct tables *tables;
	struct state *state; /* NULL: nothing survives */
	/*
	 * Before the first table is settled the answers come and go with the first verdicts: that is no event yet, and what the
	 * previous run saved is not overwritten.
	 */
	bool starting;
};

void decide_record(const struct decide *decide, struct record *record);

/* The event of another answer than `from`. */
void decide_announce(const struct decide *decide, struct record *record, const char *from);

/* Something that survives a restart has changed. */
void decide_remember(const struct decide *decide);

#endif
