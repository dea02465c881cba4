#include "api/api.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/connection.h"
#include "base/cli.h"
#include "base/clock.h"

#include "shunt/protocol.h"

#define DEADLINE_MS 5000         /* for the whole call, retries included */
#define BODY_MAX (256u << 20)    /* bytes: many times the size of the largest status */
#define ATTEMPTS 5               /* when the connection breaks off */
#define RETRY_PAUSE_NS 20000000L /* 20 ms */

struct request {
	const char *control;
	const char *path;
	const char *sent; /* the body of a POST; NULL: a GET */
	char *error;      /* of TROUBLE_MAX bytes */
	uint64_t deadline_ms;
	char *body;
	size_t size, room;
	int status; /* the HTTP status */
};

static int left_ms(const struct request *request)
{
	int64_t left = (int64_t)(request->deadline_ms - clock_ms());

	return left > 0 ? (int)left : 0;
}

const char *api_control(const char *given)
{
	const char *named = getenv("SHUNT_CONTROL");

	if (given)
		return given;
	return named && *named ? named : SHUNT_CONTROL_PATH;
}

static bool keep_body(void *arg, const char *data, size_t length)
{
	struct request *request = arg;
	size_t room;
	char *grown;

	if (length > BODY_MAX - request->size)
		return false;
	/* One more byte, for the terminating zero. */
	if (request->size + length >= request->room) {
		room = (request->size + length + 1) * 2;
		grown = realloc(request->body, room);
		if (!grown)
			return false;
		request->body = grown;
		request->room = room;
	}
	memcpy(request->body + request->size, data, length);
	request->size += length;
	return true;
}

/* HTTP_MORE: the response was not complete in time. */
static enum http_state transfer(struct request *request, struct connection *connection)
{
	struct pollfd ready = { .fd = connection->fd };
	enum http_state state = HTTP_MORE;

	do {
		state = connection_turn(connection);
		ready.events = connection_events(connection);
	} while (state == HTTP_MORE && poll(&ready, 1, left_ms(request)) != 0);
	request->status = connection->reader.status;
	return state;
}

enum outcome {
	ENDED, /* with a response, or with an error that a retry cannot cure */
	FULL,  /* the socket's queue was full */
	CUT,   /* the connection was closed before the response was complete */
};

static enum outcome attempt(struct request *request, int *result)
{
	struct connection connection;
	enum http_state state;
	int error = connection_open(&connection, request->control,
	                            http_request(request->path, request->sent), keep_body, request);

	request->size = 0;
	*result = CLI_DONE;
	if (error) {
		connection_close(&connection);
		*result = trouble_connect(error, request->control, request->error);
		return error == EAGAIN ? FULL : ENDED;
	}
	state = transfer(request, &connection);
	connection_close(&connection);
	if (state == HTTP_MORE)
		*result = trouble_late(request->control, request->error);
	else if (state != HTTP_DONE)
		*result = trouble_answer(state, request->control, request->error);
	return state == HTTP_CUT ? CUT : ENDED;
}

static json_t *parse(const struct request *request)
{
	return json_loadb(request->body ? request->body : "", request->size, 0, NULL);
}

static int refused(const struct request *request)
{
	json_t *answer = parse(request);
	int result = trouble_refused(request->status, answer, request->control, request->error);

	json_decref(answer);
	return result;
}

/* A POST is sent only once: the daemon may have carried out the first one. */
static bool worth_repeating(const struct request *request, enum outcome outcome, unsigned tries)
{
	if (outcome == FULL)
		return left_ms(request) > 0;
	/*
	 * A reload cuts a response short: the halves from before and after it would not fit
	 * together.
	 */
	return outcome == CUT && !request->sent && tries < ATTEMPTS;
}

/* CLI_DONE: success; the caller frees `body`. */
static int perform(struct request *request)
{
	const struct timespec pause = { .tv_nsec = RETRY_PAUSE_NS };
	enum outcome outcome;
	unsigned tries = 1;
	int result;

	for (;;) {
		outcome = attempt(request, &result);
		if (!worth_repeating(request, outcome, tries++))
			break;
		nanosleep(&pause, NULL);
	}
	if (result == CLI_DONE && request->status >= 300)
		result = refused(request);
	if (result != CLI_DONE)
		free(request->body);
	return result;
}

static int perform_json(struct request *request, json_t **json)
{
	int result = perform(request);

	*json = NULL;
	if (result != CLI_DONE)
		return result;
	*json = parse(request);
	if (!json_is_object(*json)) {
		json_decref(*json);
		*json = NULL;
		result = trouble_stranger(request->control, request->error);
	}
	free(request->body);
	return result;
}

static struct request get(const char *control, const char *path, char error[TROUBLE_MAX])
{
	return (struct request){ .control = control,
		                 .path = path,
		                 .error = error,
		                 .deadline_ms = clock_ms() + DEADLINE_MS };
}

int api_get(const char *control, const char *path, json_t **json, char error[TROUBLE_MAX])
{
	struct request request = get(control, path, error);

	return perform_json(&request, json);
}

int api_look(const char *control, const char *path, int *status, char error[TROUBLE_MAX])
{
	struct request request = get(control, path, error);
	int result = perform(&request);

	*status = request.status;
	if (result == CLI_DONE)
		free(request.body);
	return result;
}

int api_get_text(const char *control, const char *path, char **text, char error[TROUBLE_MAX])
{
	struct request request = get(control, path, error);
	int result = perform(&request);

	if (result != CLI_DONE)
		return result;
	if (!request.body)
		return trouble_stranger(control, error);
	request.body[request.size] = '\0';
	*text = request.body;
	return CLI_DONE;
}

int api_post(const char *control, const char *path, const json_t *body, unsigned seconds,
             json_t **json, char error[TROUBLE_MAX])
{
	char *sent = body ? json_dumps(body, JSON_COMPACT) : strdup("{}");
	struct request request = { .control = control,
		                   .path = path,
		                   .sent = sent,
		                   .error = error,
		                   .deadline_ms = clock_ms() + UINT64_C(1000) * seconds };
	int result;

	if (!sent) {
		snprintf(error, TROUBLE_MAX, "out of memory");
		return CLI_UNREACHABLE;
	}
	result = perform_json(&request, json);
	free(sent);
	return result;
}

char *api_record(const char *name, const char *behind)
{
	char *escaped = http_escape(name), *path = NULL;

	if (!escaped || asprintf(&path, "/v1/records/%s%s", escaped, behind) < 0)
		path = NULL;
	free(escaped);
	return path;
}

char *api_only(const char *path, const char *name)
{
	char *escaped = name ? http_escape(name) : NULL, *whole = NULL;

	if (!name)
		return strdup(path);
	if (!escaped ||
	    asprintf(&whole, "%s%crecord=%s", path, strchr(path, '?') ? '&' : '?', escaped) < 0)
		whole = NULL;
	free(escaped);
	return whole;
}
