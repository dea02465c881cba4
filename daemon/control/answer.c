#include "control/answer.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "control/page/page.h"
#include "control/parts.h"
#include "control/request.h"
#include "control/slice.h"
#include "monitor/monitor.h"
#include "monitor/view.h"
#include "report/json.h"

#define PIECE 8192u /* bytes of a response that are produced at one time */
#define JSON_TYPE "application/json"
#define ERROR_MAX 1500u /* a configuration's error line and the text around it */

/*
 * Takes ownership of the response; NULL closes the connection. `allow`: the header's value or NULL.
 */
static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, const char *type,
                               const char *allow, struct MHD_Response *response)
{
	enum MHD_Result queued;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (allow)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
	queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static enum MHD_Result respond_text(struct MHD_Connection *connection, unsigned status,
                                    const char *allow, char *text)
{
	struct MHD_Response *response = NULL;

	if (text)
		response =
		        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (text && !response)
		free(text);
	return respond(connection, status, JSON_TYPE, allow, response);
}

static char *error_text(const char *message)
{
	json_t *json = json_pack("{s:o}", "error", json_text(message));
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

enum MHD_Result answer_json(struct MHD_Connection *connection, unsigned status, char *text)
{
	return respond_text(connection, status, NULL, text);
}

enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status, const char *format,
                             ...)
{
	char message[ERROR_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return respond_text(connection, status, NULL, error_text(message));
}

enum MHD_Result answer_not_allowed(struct MHD_Connection *connection, const char *allow,
                                   const char *message)
{
	return respond_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, allow, error_text(message));
}

enum MHD_Result answer_record(struct MHD_Connection *connection, const struct monitor *monitor,
                              size_t index)
{
	struct view_record record;

	monitor_read(monitor, index, &record);
	return answer_json(connection, MHD_HTTP_OK, report_record(&record));
}

enum MHD_Result answer_stream(const struct request *request, const char *type, size_t piece,
                              MHD_ContentReaderCallback read, void *arg,
                              MHD_ContentReaderFreeCallback release)
{
	struct MHD_Response *response =
	        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, piece, read, arg, release);

	if (!response)
		release(arg);
	/* libmicrohttpd 0.9.75 sends a final chunk of five bytes even in the response to a HEAD. */
	if (response && request->is_head)
		MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	return respond(request->connection, MHD_HTTP_OK, type, NULL, response);
}

enum MHD_Result answer_page(struct MHD_Connection *connection)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
	        page_length, (void *)page_text, MHD_RESPMEM_PERSISTENT);

	if (response) {
		MHD_add_response_header(response, "Content-Security-Policy", page_policy);
		MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	}
	return respond(connection, MHD_HTTP_OK, "text/html; charset=utf-8", NULL, response);
}

/* --- long responses, piece by piece ----------------------------------------------------------- */

/* A response being sent. */
struct answer {
	const struct control_parts *parts;
	const struct slice *slice;
	uint64_t generation;
	answer_piece *piece;
	struct report_span span;
	size_t step;       /* of the next piece */
	bool last;         /* `pending` is the final piece */
	char *pending;     /* produced, not yet sent */
	size_t sent, left; /* bytes of it */
};

/*
 * Produces the next piece. Fails if out of memory, or if it would not match the pieces already
 * sent.
 */
static bool answer_advance(struct answer *answer)
{
	if (answer->generation != monitor_generation(answer->parts->monitor))
		return false;
	free(answer->pending);
	answer->pending = answer->piece(answer->parts, answer->span, answer->step++, &answer->last);
	answer->sent = 0;
	answer->left = answer->pending ? strlen(answer->pending) : 0;
	return answer->pending != NULL;
}

static ssize_t answer_read(void *arg, uint64_t position, char *buffer, size_t size)
{
	struct answer *answer = arg;
	size_t filled = 0;

	(void)position;
	while (filled < size && !slice_is_over(answer->slice)) {
		size_t n = answer->left < size - filled ? answer->left : size - filled;

		if (n > 0)
			memcpy(buffer + filled, answer->pending + answer->sent, n);
		answer->sent += n;
		answer->left -= n;
		filled += n;
		if (answer->left > 0)
			break;
		if (answer->last)
			return filled > 0 ? (ssize_t)filled : MHD_CONTENT_READER_END_OF_STREAM;
		if (!answer_advance(answer))
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	return (ssize_t)filled; /* 0: called again in the next iteration */
}

static void answer_free(void *arg)
{
	struct answer *answer = arg;

	free(answer->pending);
	free(answer);
}

enum MHD_Result answer_pieces(struct request *request, const char *type, answer_piece *piece,
                              struct report_span span)
{
	struct answer *answer = calloc(1, sizeof(*answer));

	if (!answer)
		return MHD_NO;
	*answer = (struct answer){ .parts = request->parts,
		                   .slice = request->slice,
		                   .generation = monitor_generation(request->parts->monitor),
		                   .piece = piece,
		                   .span = span };
	return answer_stream(request, type, PIECE, answer_read, answer, answer_free);
}
