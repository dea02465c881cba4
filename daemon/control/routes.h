/*
 * The routes of the control API: a table of paths, methods and handlers.
 *
 *   GET  /                        the status page, for a browser
 *   GET  /v1/status               what every name answers now: JSON, documented in shunt(1), or
 *                                 lines for `shunt status` (report/lines)
 *   GET  /v1/events               the status, then each change as it happens (events)
 *   GET  /metrics                 metrics for Prometheus
 *   GET  /v1/records/NAME         the status of one record
 *   GET  /v1/fleet                the hosts that decide together, their votes, and orders for them
 *   GET  /v1/resets               open connections that were reset last
 *   POST /v1/records/NAME/force   (change)
 *   POST /v1/records/NAME/auto
 *   POST /v1/records/NAME/check
 *   POST /v1/records/NAME/reset
 *   POST /v1/reload
 */
#ifndef SHUNT_CONTROL_ROUTES_H
#define SHUNT_CONTROL_ROUTES_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

struct request;

struct route {
	const char *path; /* '*' matches a record's name */
	const char *method;
	bool writes; /* requires rights; not available over TCP */
	enum MHD_Result (*run)(struct request *request);
};

/*
 * Returns NULL if there is no such route. `*name` is the segment that matched '*', or NULL; the
 * caller frees it. HEAD is treated as GET.
 */
const struct route *routes_find(const char *path, const char *method, bool tcp, char **name);

/*
 * Whether the path exists. `allow` lists the methods that it accepts, as in "GET, HEAD"; "" if none
 * is accepted over TCP.
 */
bool routes_allow(const char *path, bool tcp, char *allow, size_t size);

#endif
