/*
 * Turns the healths of a record's endpoints into the table: runs the election and applies its
 * result.
 *
 *   endpoint_count_health → election_run → tables_publish → event
 *
 * The monitor calls this for each record whose endpoints changed; later steps are driven by the
 * record's own timer.
 */
#ifndef SHUNT_MONITOR_DECIDE_H
#define SHUNT_MONITOR_DECIDE_H

#include <stdbool.h>

#include "roster/record.h"

struct door;
struct event_base;
struct fleet;
struct host_fault;
struct leaves;
struct state;
struct tables;

/* Owned by the monitor; must outlive all records. */
struct decide {
	struct event_base *base;
	const struct host_fault *host_fault;
	const struct tables *tables;
	struct door *door; /* NULL: there is none */
	struct leaves *leaves;
	struct state *state; /* NULL: no state is saved */
	struct fleet *fleet; /* NULL: there is none, whatever a record's scope */
	/*
	 * Before the first table has settled, answers change with the first verdicts. These changes
	 * are not reported as events, and the state saved by the previous run is not overwritten.
	 */
	bool starting;
};

void decide_record(const struct decide *decide, struct record *record);

/* Publishes the last decision again, with what has changed since in its addresses' flags. */
void decide_publish(const struct decide *decide, const struct record *record);

/* Emits the event for an answer that differs from `from`. */
void decide_announce(const struct decide *decide, struct record *record, const char *from);

/* Must be called when data that survives a restart has changed. */
void decide_remember(const struct decide *decide);

#endif
