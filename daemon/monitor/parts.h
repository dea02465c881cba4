/* The components that the monitor uses; all of them outlive the monitor. */
#ifndef SHUNT_MONITOR_PARTS_H
#define SHUNT_MONITOR_PARTS_H

#include "config/config.h"
#include "probe/probe.h"

struct door;
struct event_base;
struct fleet;
struct reset;
struct resolver;
struct saved;
struct state;
struct watcher;

struct monitor_parts {
	struct event_base *base;
	struct prober *prober;
	struct resolver *resolver;
	struct watcher *watches;
	/* Indexed by enum check_type; NULL for CHECK_CALCULATED. */
	const struct probe_kind *kinds[CHECK_TYPES];
	struct door *door;   /* NULL: a private daemon has no doors */
	struct state *state; /* NULL: no state is saved */
	struct reset *reset; /* NULL: connections are never reset */
	struct fleet *fleet; /* NULL: a private daemon is in none */
	/* Saved by the previous run; freed by the monitor; NULL if there is none. */
	struct saved *saved;
	/* Called once for each table that has settled. May be NULL. */
	void (*settled)(void *arg);
	void *arg;
};

#endif
