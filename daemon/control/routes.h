/*
 * What the control API has, as a table: paths, methods, what each does.
 *
 *   GET  /                        the status page, for a browser
 *   GET  /v1/status               what every name answers now (JSON, documented in shunt(1); as lines for `shunt status`: report/lines)
 *   GET  /v1/events               the same, and then each change (events)
 *   GET  /metrics                 what Prometheus reads
 *   GET  /v1/records/NAME         the same of one
 *   POST /v1/records/NAME/force   change
 *   POST /v1/records/NAME/auto
 *   POST /v1/records/NAME/check
 *   POST /v1/reload
 */
#ifndef SHUNT_CONTROL_ROUTES_H
#define SHUNT_CONTROL_ROUTES_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

struct request;

struct route {
	const char *path; /* '*' stands for a record's name */
	const char *method;
	bool writes; /* needs rights, and is not there on TCP */
	enum MHD_Result (*run)(struct request *request);
};

/* NULL: none. `*name`: what stands for '*', else NULL; the caller frees. HEAD is taken as GET. */
const struct route *routes_find(const char *path, const char *method, bool tcp, char **name);

/* Whether anything is at the path, and the methods that it takes, as in "GET, HEAD"; "" where TCP takes none. */
bool routes_allow(const char *path, bool tcp, char *allow, size_t size);

#endif
