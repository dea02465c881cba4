/* What a listener of the control API works with: the daemon's parts, its socket, and what may be done through it. */
#ifndef SHUNT_CONTROL_PARTS_H
#define SHUNT_CONTROL_PARTS_H

#include <stdbool.h>

#include "report/metrics.h"

struct event_base;
struct in_force;
struct monitor;
struct reload;
struct state;

struct control_parts {
	struct event_base *base;
	struct monitor *monitor;
	const struct in_force *in_force;
	struct reload *reload; /* may be NULL on the TCP listener, which never writes */
	struct state *state;   /* NULL: none is kept */
	struct metrics_sources metrics;
	int fd; /* listens; stays the caller's */
	/* Read-only, and only for Host headers that are IP literals, localhost or one of the configuration's http_hosts. */
	bool tcp;
	bool is_private; /* our own uid may change things */
};

#endif
