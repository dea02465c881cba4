/*
 * What the control API has, as a table: paths, methods, what each does.
 *
 *   GET  /                        the status page, for a browser
 *   GET  /v1/status               what every name answers now (JSON, documented in shunt(1); lines, for `shunt status`: listing)
 *   GET  /v1/events               the same, and then each change (control_events)
 *   GET  /metrics                 what Prometheus reads
 *   GET  /v1/records/NAME         the same of one
 *   POST /v1/records/NAME/force   control_change
 *   POST /v1/records/NAME/auto
 *   POST /v1/records/NAME/check
 *   POST /v1/reload
 */
#ifndef SHUNT_CONTROL_ROUTES_H
#define SHUNT_CONTROL_ROUTES_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "report/json.h"

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

/* The record of the request's name; false when there is none, and that is answered. */
bool routes_record(struct request *request, size_t *index, enum MHD_Result *result);

/* All records, or the one that the query asks for with `record`; false when there is none, and that is answered. */
bool routes_span(struct request *request, struct report_span *span, enum MHD_Result *result);

#endif
