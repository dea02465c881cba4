/*
 * The control API: HTTP on the control socket and, read-only, on the TCP listener. libmicrohttpd in libevent's loop, by
 * its epoll descriptor.
 *
 *   GET /v1/status   what every name answers now (JSON, documented in shunt(1))
 *
 * Everything else is a JSON error. Bounds: connections, memory for each, an absolute deadline for a request and its answer. The
 * status is produced record by record as the client reads, so a large one neither stalls the loop nor fills memory.
 */
#ifndef SHUNT_CONTROL_H
#define SHUNT_CONTROL_H

#include <stdbool.h>

struct config;
struct control;
struct event_base;
struct monitor;

/*
 * Serves on `fd`, which listens and stays the caller's. `tcp`: only read, and only for Host headers that are IP literals, localhost or
 * one of the configuration's http_hosts. NULL when it cannot start.
 */
struct control *control_new(struct event_base *base, int fd, bool tcp, struct monitor *monitor);
void control_free(struct control *control);

#endif
