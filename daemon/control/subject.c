#include "control/subject.h"

#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "control/answer.h"
#include "control/parts.h"
#include "control/request.h"
#include "monitor/monitor.h"

#define NEAR_RECORDS 1000u /* names compared for a suggestion: bounds the time it takes */

static const char *nearest(const struct monitor *monitor, const char *name)
{
	struct near near;
	size_t count = monitor_record_count(monitor);

	near_init(&near, name);
	for (size_t i = 0; i < count && i < NEAR_RECORDS; i++)
		near_offer(&near, monitor_name(monitor, i));
	return near.best;
}

bool subject_record(struct request *request, size_t *index, enum MHD_Result *result)
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

bool subject_span(struct request *request, struct report_span *span, enum MHD_Result *result)
{
	const char *name = request_argument(request, "record");

	*span = (struct report_span){ .count = monitor_record_count(request->parts->monitor) };
	if (!name)
		return true;
	span->count = 1;
	request->name = strdup(name);
	*result = MHD_NO;
	return request->name && subject_record(request, &span->first, result);
}
