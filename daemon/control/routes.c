#include "control/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "control/answer.h"
#include "control/change.h"
#include "control/control.h"
#include "control/events.h"
#include "control/request.h"
#include "monitor/monitor.h"
#include "report/lines.h"
#include "report/metrics.h"

#define NEAR_RECORDS 1000u /* whose names are compared: that takes time */

/* --- reading ------------------------------------------------------------------------------------ */

static char *status_piece(const struct control_parts *parts, struct report_span span, size_t step,
                          bool *last)
{
	return report_status(parts->monitor, span, step, last);
}

static char *listing_piece(const struct control_parts *parts, struct report_span span, size_t step,
                           bool *last)
{
	return listing_status(parts->monitor, span, step, last);
}

static char *parts_metrics(const struct control_parts *parts, struct report_span span, size_t step,
                           bool *last)
{
	(void)span;
	return metrics_piece(&parts->metrics, step, last);
}

static enum MHD_Result get_status(struct request *request)
{
	static const struct {
		const char *word, *type;
		answer_piece *piece;
	} formats[] = { { "json", "application/json", status_piece },
		        { "tsv", LISTING_TYPE, listing_piece } };
	const char *word = request_argument(request, "format");
	enum MHD_Result result;
	struct report_span span;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(word ? word : "json", formats[i].word) != 0)
			continue;
		return routes_span(request, &span, &result)
		               ? answer_pieces(request, formats[i].type, formats[i].piece, span)
		               : result;
	}
	return answer_error(request->connection, MHD_HTTP_BAD_REQUEST,
	                    "format: \"%.40s\" is not known; give json or tsv", word);
}

static enum MHD_Result get_page(struct request *request)
{
	return answer_page(request->connection);
}

static enum MHD_Result get_metrics(struct request *request)
{
	return answer_pieces(request, METRICS_TYPE, parts_metrics, (struct report_span){ 0 });
}

static enum MHD_Result get_record(struct request *request)
{
	enum MHD_Result result;
	size_t index;

	if (!routes_record(request, &index, &result))
		return result;
	return answer_record(request->connection, request->parts->monitor, index);
}

/* --- the table ---------------------------------------------------------------------------------- */

static const struct route routes[] = {
	{ "/", MHD_HTTP_METHOD_GET, false, get_page },
	{ "/v1/status", MHD_HTTP_METHOD_GET, false, get_status },
	{ "/v1/records/*", MHD_HTTP_METHOD_GET, false, get_record },
	{ "/v1/records/*/force", MHD_HTTP_METHOD_POST, true, change_force },
	{ "/v1/records/*/auto", MHD_HTTP_METHOD_POST, true, change_auto },
	{ "/v1/records/*/check", MHD_HTTP_METHOD_POST, true, change_check },
	{ "/v1/events", MHD_HTTP_METHOD_GET, false, events_get },
	{ "/metrics", MHD_HTTP_METHOD_GET, false, get_metrics },
	{ "/v1/reload", MHD_HTTP_METHOD_POST, true, change_reload },
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* Where '*' is in the path, NULL for a pattern without one. Both are whole segments. */
static bool matches(const char *pattern, const char *path, const char **start, size_t *length)
{
	const char *star = strchr(pattern, '*');
	size_t before = star ? (size_t)(star - pattern) : 0;

	*start = NULL;
	if (!star)
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, before) != 0)
		return false;
	*start = path + before;
	*length = strcspn(*start, "/");
	return *length > 0 && strcmp(star + 1, *start + *length) == 0;
}

const struct route *routes_find(const char *path, const char *method, bool tcp, char **name)
{
	const char *start;
	size_t length;

	*name = NULL;
	if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		method = MHD_HTTP_METHOD_GET;
	for (size_t i = 0; i < ROUTES; i++) {
		if (strcmp(routes[i].method, method) != 0 || (tcp && routes[i].writes) ||
		    !matches(routes[i].path, path, &start, &length))
			continue;
		*name = start ? strndup(start, length) : NULL;
		return start && !*name ? NULL : &routes[i];
	}
	return NULL;
}

bool routes_allow(const char *path, bool tcp, char *allow, size_t size)
{
	const char *start;
	size_t length, used = 0;
	bool any = false;

	*allow = '\0';
	for (size_t i = 0; i < ROUTES; i++) {
		const char *method = routes[i].method;
		bool get = strcmp(method, MHD_HTTP_METHOD_GET) == 0;

		if (!matches(routes[i].path, path, &start, &length))
			continue;
		any = true;
		if (!tcp || !routes[i].writes)
			used += (size_t)snprintf(allow + used, size - used, "%s%s%s",
			                         used ? ", " : "", method, get ? ", HEAD" : "");
	}
	return any;
}

/* --- a record ----------------------------------------------------------------------------------- */

static const char *nearest(const struct monitor *monitor, const char *name)
{
	struct config_near near;
	size_t count = monitor_record_count(monitor);

	config_near_init(&near, name);
	for (size_t i = 0; i < count && i < NEAR_RECORDS; i++)
		config_near_offer(&near, monitor_name(monitor, i));
	return near.best;
}

bool routes_record(struct request *request, size_t *index, enum MHD_Result *result)
{
	const struct monitor *monitor = request->parts->monitor;
	const char *near;

	if (monitor_find(monitor, request->name, index))
		return true;
	near = nearest(monitor, request->name);
	*result = answer_error(request->connection, MHD_HTTP_NOT_FOUND,
	                       "%.260s is not a managed name%s%s%s", request->name,
	                       near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return false;
}

bool routes_span(struct request *request, struct report_span *span, enum MHD_Result *result)
{
	const char *name = request_argument(request, "record");

	*span = (struct report_span){ .count = monitor_record_count(request->parts->monitor) };
	if (!name)
		return true;
	span->count = 1;
	request->name = strdup(name);
	*result = MHD_NO;
	return request->name && routes_record(request, &span->first, result);
}
