#include "control/events.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/answer.h"
#include "control/parts.h"
#include "control/request.h"
#include "control/stream.h"
#include "control/streams.h"
#include "control/subject.h"
#include "monitor/monitor.h"

#define SINCE_DIGITS 18u /* of the longest number accepted */

/* Returns false if it is not a number. */
static bool read_since(const char *text, struct stream_start *start)
{
	start->since_given = text != NULL;
	if (!text)
		return true;
	if (!*text || strlen(text) > SINCE_DIGITS || text[strspn(text, "0123456789")])
		return false;
	start->since = strtoull(text, NULL, 10);
	return true;
}

/* Sets `*only`, NULL for all records. Returns false if it has responded with an error. */
static bool read_record_name(struct request *request, char **only, enum MHD_Result *result)
{
	struct report_span span;

	*only = NULL;
	if (!subject_span(request, &span, result))
		return false;
	if (!request->name)
		return true;
	*result = MHD_NO;
	*only = strdup(monitor_name(request->parts->monitor, span.first));
	return *only != NULL;
}

enum MHD_Result events_get(struct request *request)
{
	const char *since = request_argument(request, "since");
	struct stream_start start = { .boot = request_argument(request, "boot") };
	enum MHD_Result result;
	char *only;

	if (!read_since(since, &start))
		return answer_error(request->connection, MHD_HTTP_BAD_REQUEST,
		                    "since: \"%.40s\" is not the number of an event; give the "
		                    "\"seq\" of the last one that you have, or 0",
		                    since);
	if (!streams_have_room(request->streams, request))
		return answer_error(
		        request->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
		        "%zu clients follow the events, which is the limit; try again later",
		        request->streams->count);
	if (!read_record_name(request, &only, &result))
		return result;
	return streams_open(request, only, &start);
}
