/*
 * The control API: HTTP on the control socket and, read-only, on the TCP listener. libmicrohttpd in libevent's loop, by
 * its epoll descriptor.
 *
 *   control_peer      who is connected: limits, deadlines
 *   control           libmicrohttpd in the loop
 *   control_request   from a request to a route: Host, path, method, rights, body
 *   control_routes    what there is, and what each path does
 *   control_events    the stream of changes
 *   control_answer    what goes back
 *   control_slice     for how long in one turn of the loop
 *
 * Bounds: connections, memory for each, an absolute deadline for a request and its answer, the size of a body. The status is
 * produced record by record as the client reads, so a large one neither stalls the loop nor fills memory.
 */
#ifndef SHUNT_CONTROL_CONTROL_H
#define SHUNT_CONTROL_CONTROL_H

#include <stdbool.h>

#include "report/metrics.h"

struct control;
struct event_base;
struct monitor;
struct reload;

struct control_parts {
	struct event_base *base;
	struct monitor *monitor;
	struct reload *reload; /* may be NULL on the TCP listener, which never writes */
	struct metrics_sources metrics;
	int fd; /* listens; stays the caller's */
	/* Only read, and only for Host headers that are IP literals, localhost or one of the configuration's http_hosts. */
	bool tcp;
	bool is_private; /* our own uid may change things */
};

/* NULL when it cannot start. */
struct control *control_new(const struct control_parts *parts);
void control_free(struct control *control);

#endif
