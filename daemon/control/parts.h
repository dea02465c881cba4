/* What a listener of the control API needs: parts of the daemon, its socket, its restrictions. */
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
	struct state *state;   /* NULL: state is not saved */
	struct metrics_sources metrics;
	int fd; /* the listening socket; owned by the caller */
	/*
	 * Read-only; accepts only Host headers that are an IP literal, localhost or in
	 * `http_hosts`.
	 */
	bool tcp;
	bool is_private; /* the daemon's own uid may make changes */
};

#endif
