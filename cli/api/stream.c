#include "api/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/connection.h"
#include "api/record.h"
#include "base/cli.h"
#include "base/clock.h"
#include "base/human.h"

#define LINE_MAX_BYTES (256u << 20) /* bytes: many times the size of the largest status */
#define GREETING_MS 5000            /* time allowed until the first line */
/* time allowed between two lines: the daemon sends an empty one every 15 s */
#define SILENCE_MS 40000
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 5000
#define BOOT_MAX 64
#define NOT_FOUND 404

struct stream {
	const char *control;
	const struct stream_calls *calls;
	char *error;
	struct connection connection;
	char *path; /* the path without the query for what is already known */
	bool history;

	bool known;              /* `seq` and `boot` are set */
	unsigned long long seq;  /* the last event received */
	unsigned long long seen; /* of the snapshot: older events are included in it */
	bool skips;              /* older events are not reported */
	char boot[BOOT_MAX];

	/* State of the current connection. */
	char *line;
	size_t size, room;
	bool greeted; /* its first line was received */
	uint64_t heard_ms;
	bool strange; /* a line was not one that the daemon sends */
	bool full;    /* the socket's queue is full */
	int status;   /* the HTTP status */

	bool lost;     /* the loss was reported */
	long retry_ms; /* the next pause, in ms */
};

/* --- lines ------------------------------------------------------------------------------------ */

static unsigned long long number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (unsigned long long)value : 0;
}

/*
 * If the daemon was restarted, the events since its start are not reported; the snapshots are
 * compared instead. If events are lost in the middle of a connection, no event that the snapshot
 * includes follows it.
 */
static void take_snapshot(struct stream *stream, const json_t *object, const json_t *status)
{
	const char *boot = record_field(object, "boot");
	unsigned long long lost = number(object, "lost");
	bool other = stream->known && strcmp(boot, stream->boot) != 0;
	bool comes_late = stream->greeted && lost > 0;

	stream->seen = number(object, "seq");
	stream->skips = other;
	if (other || comes_late || (!stream->known && !stream->history))
		stream->seq = stream->seen;
	snprintf(stream->boot, sizeof(stream->boot), "%s", boot);
	stream->known = true;
	stream->lost = false;
	stream->retry_ms = RETRY_MIN_MS;
	stream->calls->snapshot(stream->calls->arg, status, other || lost > 0, other ? 0 : lost);
}

static void take_event(struct stream *stream, const json_t *event)
{
	unsigned long long seq = number(event, "seq");
	bool old = seq <= stream->seen;

	if (old && stream->skips)
		return;
	stream->seq = seq;
	stream->calls->event(stream->calls->arg, event, old);
}

/* Returns false if it is not a line that the daemon sends. */
static bool take_line(struct stream *stream)
{
	json_t *object, *status;

	if (stream->size == 0)
		return true;
	object = json_loadb(stream->line, stream->size, 0, NULL);
	status = json_object_get(object, "snapshot");
	if (status)
		take_snapshot(stream, object, status);
	else if (object && stream->greeted)
		take_event(stream, object);
	json_decref(object);
	stream->greeted = stream->greeted || status;
	return object && stream->greeted;
}

static bool keep(struct stream *stream, const char *data, size_t length)
{
	size_t room = (stream->size + length) * 2;
	char *grown;

	if (length > LINE_MAX_BYTES - stream->size)
		return false;
	if (stream->size + length > stream->room) {
		grown = realloc(stream->line, room);
		if (!grown)
			return false;
		stream->line = grown;
		stream->room = room;
	}
	if (length > 0)
		memcpy(stream->line + stream->size, data, length);
	stream->size += length;
	return true;
}

/* A refusal is stored completely. */
static bool on_data(void *arg, const char *data, size_t length)
{
	struct stream *stream = arg;
	const char *end;

	stream->heard_ms = clock_ms();
	if (stream->connection.reader.status != 200)
		return keep(stream, data, length);
	for (size_t left = length; left > 0;) {
		size_t piece;

		end = memchr(data, '\n', left);
		piece = end ? (size_t)(end - data) : left;
		if (!keep(stream, data, piece))
			return false;
		if (!end)
			break;
		stream->strange = !take_line(stream);
		if (stream->strange)
			return false;
		stream->size = 0;
		data += piece + 1;
		left -= piece + 1;
	}
	return true;
}

/* --- a connection ----------------------------------------------------------------------------- */

/* The path with a query for what is already known. Returns NULL if out of memory. */
static char *path_now(const struct stream *stream)
{
	char behind[BOOT_MAX + 64] = "", *path;
	const char mark = strchr(stream->path, '?') ? '&' : '?';

	if (stream->known)
		snprintf(behind, sizeof(behind), "%csince=%llu&boot=%s", mark, stream->seq,
		         stream->boot);
	else if (stream->history)
		snprintf(behind, sizeof(behind), "%csince=0", mark);
	return asprintf(&path, "%s%s", stream->path, behind) < 0 ? NULL : path;
}

/* Returns 0 or an errno. */
static int connection_begin(struct stream *stream)
{
	char *path = path_now(stream);
	int error = connection_open(&stream->connection, stream->control,
	                            path ? http_request(path, NULL) : NULL, on_data, stream);

	free(path);
	stream->size = 0;
	stream->greeted = false;
	stream->strange = false;
	stream->heard_ms = clock_ms();
	return error;
}

static bool is_silent(const struct stream *stream)
{
	return clock_ms() - stream->heard_ms > (stream->greeted ? SILENCE_MS : GREETING_MS);
}

/* Calls turn() and waits for the next event. Returns false if the caller wants to stop. */
static bool wait_for(struct stream *stream, int ms)
{
	const struct stream_calls *calls = stream->calls;
	struct pollfd ready[] = {
		{ .fd = stream->connection.fd, .events = connection_events(&stream->connection) },
		{ .fd = calls->fd, .events = POLLIN },
	};

	if (calls->turn && !calls->turn(calls->arg))
		return false;
	poll(ready, 2, ms);
	return true;
}

static int ended(const struct stream *stream)
{
	snprintf(stream->error, TROUBLE_MAX, "the daemon at %s has ended", stream->control);
	human_printable(stream->error);
	return CLI_UNREACHABLE;
}

static int refused(const struct stream *stream)
{
	json_t *answer = json_loadb(stream->line ? stream->line : "", stream->size, 0, NULL);
	int result = trouble_refused(stream->status, answer, stream->control, stream->error);

	json_decref(answer);
	return result;
}

/* The result of a connection, as stream_run() returns it. */
static int conclude(struct stream *stream, enum http_state state)
{
	stream->status = stream->connection.reader.status;
	if (state == HTTP_MORE)
		return trouble_late(stream->control, stream->error);
	if (stream->strange)
		state = HTTP_BAD;
	if (state != HTTP_DONE)
		return trouble_answer(state, stream->control, stream->error);
	return stream->status == 200 ? ended(stream) : refused(stream);
}

/* As stream_run(), with CLI_UNREACHABLE also for a connection that had worked before. */
static int connection_run(struct stream *stream)
{
	enum http_state state;
	int error = connection_begin(stream);

	stream->status = 0;
	stream->full = error == EAGAIN;
	if (error)
		return trouble_connect(error, stream->control, stream->error);
	while ((state = connection_turn(&stream->connection)) == HTTP_MORE && !is_silent(stream))
		if (!wait_for(stream, STREAM_TURN_MS))
			return CLI_DONE;
	return conclude(stream, state);
}

/*
 * --- reconnecting -------------------------------------------------------------------------------
 */

/* Returns false if the caller wants to stop. */
static bool pause_retry(struct stream *stream)
{
	uint64_t until = clock_ms() + (uint64_t)stream->retry_ms;

	stream->retry_ms =
	        stream->retry_ms * 2 < RETRY_MAX_MS ? stream->retry_ms * 2 : RETRY_MAX_MS;
	for (int64_t left; (left = (int64_t)(until - clock_ms())) > 0;)
		if (!wait_for(stream, left < STREAM_TURN_MS ? (int)left : STREAM_TURN_MS))
			return false;
	return true;
}

/*
 * A full queue is temporary. Once a connection has worked, the only reason to give up is that the
 * record no longer exists.
 */
static bool is_final(const struct stream *stream, int result, bool early)
{
	if (!stream->known)
		return result == CLI_REFUSED || !stream->full || !early;
	return result == CLI_REFUSED && stream->status == NOT_FOUND;
}

static int follow(struct stream *stream)
{
	const uint64_t deadline = clock_ms() + GREETING_MS;

	for (;;) {
		int result = connection_run(stream);

		connection_close(&stream->connection);
		if (result == CLI_DONE || is_final(stream, result, clock_ms() < deadline))
			return result;
		if (stream->known && !stream->lost)
			stream->calls->lost(stream->calls->arg, stream->error);
		stream->lost = true;
		if (!pause_retry(stream))
			return CLI_DONE;
	}
}

int stream_run(const char *control, const char *name, bool history,
               const struct stream_calls *calls, char error[TROUBLE_MAX])
{
	struct stream stream = { .control = control,
		                 .calls = calls,
		                 .error = error,
		                 .history = history,
		                 .connection = { .fd = -1 },
		                 .path = api_only("/v1/events", name),
		                 .retry_ms = RETRY_MIN_MS };
	int result = CLI_UNREACHABLE;

	snprintf(error, TROUBLE_MAX, "out of memory");
	if (stream.path)
		result = follow(&stream);
	free(stream.path);
	free(stream.line);
	return result;
}
