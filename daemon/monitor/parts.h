/* What the monitor works with; all of it outlives the monitor. */
#ifndef SHUNT_MONITOR_PARTS_H
#define SHUNT_MONITOR_PARTS_H

#include "config/config.h"
#include "probe/probe.h"

struct event_base;
struct resolver;
struct saved;
struct state;

struct monitor_parts {
	struct event_base *base;
	struct prober *prober;
	struct resolver *resolver;
	/* By enum check_type; NULL for CHECK_CALCULATED. */
	const struct probe_kind *kinds[CHECK_TYPES];
	struct state *state; /* NULL: nothing survives */
	struct saved *saved; /* of the previous run; the monitor frees it; NULL: nothing */
	/* Called once for each table that settles. May be NULL. */
	void (*settled)(void *arg);
	void *arg;
};

#endif
