#include "api/stream.h"
#include "api/curl.h"
#include "api/record.h"
#include "api/trouble.h"
#include "base/cli.h"
#include "base/clock.h"
#include "base/human.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (256u << 20) /* many times what the largest table can tell */
#define GREETING_MS 5000            /* until the first line */
#define SILENCE_MS 40000            /* between two lines: the daemon says an empty one every 15 s */
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 5000
#define BOOT_MAX 64
#define NOT_FOUND 404

struct stream {
	const char *control;
	const struct stream_calls *calls;
	char *error;
	CURLM *multi;
	CURL *curl;
	char *path; /* without what is known so far */
	bool history;

	bool known;              /* `seq` and `boot` are */
	unsigned long long seq;  /* the last event that came */
	unsigned long long seen; /* by the snapshot: older events are in it */
	bool skips;              /* those are not told */
	char boot[BOOT_MAX];

	/* Of this connection. */
	char *line;
	size_t size, room;
	bool greeted; /* its first line has come */
	uint64_t heard_ms;
	CURLcode broken; /* by us */
	bool full;       /* the socket's queue is */
	long status;     /* of HTTP */

	bool lost;     /* and told so */
	long retry_ms; /* the next pause */
};

/* --- lines -------------------------------------------------------------------------------------- */

static unsigned long long number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (unsigned long long)value : 0;
}

/*
 * Where the daemon is another one, the start of its life is old news: the snapshot is compared instead. Where events are lost in the
 * middle of a connection nothing that the snapshot has in it comes after it.
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

/* False: it is none of the daemon's. */
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

static long http_status(const struct stream *stream)
{
	long status = 0;

	curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* A refusal is kept whole. */
static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
	struct stream *stream = arg;
	const size_t length = size * count;
	const char *end;

	stream->heard_ms = clock_ms();
	if (http_status(stream) != 200)
		return keep(stream, data, length) ? length : 0;
	for (size_t left = length; left > 0;) {
		size_t piece;

		end = memchr(data, '\n', left);
		piece = end ? (size_t)(end - data) : left;
		if (!keep(stream, data, piece))
			return 0;
		if (!end)
			break;
		if (!take_line(stream)) {
			stream->broken = CURLE_WEIRD_SERVER_REPLY;
			return 0;
		}
		stream->size = 0;
		data += piece + 1;
		left -= piece + 1;
	}
	return length;
}

/* --- a connection ------------------------------------------------------------------------------- */

static bool connection_begin(struct stream *stream)
{
	char behind[BOOT_MAX + 64] = "", *path;
	bool set;

	if (stream->known)
		snprintf(behind, sizeof(behind), "%csince=%llu&boot=%s",
		         strchr(stream->path, '?') ? '&' : '?', stream->seq, stream->boot);
	else if (stream->history)
		snprintf(behind, sizeof(behind), "%csince=0",
		         strchr(stream->path, '?') ? '&' : '?');
	stream->curl = curl_easy_init();
	if (!stream->curl || asprintf(&path, "%s%s", stream->path, behind) < 0)
		return false;
	set = api_curl_set(stream->curl, stream->control, path);
	free(path);
	curl_easy_setopt(stream->curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(stream->curl, CURLOPT_WRITEDATA, stream);
	stream->size = 0;
	stream->greeted = false;
	stream->broken = CURLE_OK;
	stream->heard_ms = clock_ms();
	return set && curl_multi_add_handle(stream->multi, stream->curl) == CURLM_OK;
}

static void connection_end(struct stream *stream)
{
	if (!stream->curl)
		return;
	curl_multi_remove_handle(stream->multi, stream->curl);
	curl_easy_cleanup(stream->curl);
	stream->curl = NULL;
}

/* True: it is over, and this is why. */
static bool connection_is_over(struct stream *stream, CURLcode *code)
{
	CURLMsg *message;
	int left;

	message = curl_multi_info_read(stream->multi, &left);
	if (message && message->msg == CURLMSG_DONE) {
		*code = stream->broken ? stream->broken : message->data.result;
		return true;
	}
	if (clock_ms() - stream->heard_ms <= (stream->greeted ? SILENCE_MS : GREETING_MS))
		return false;
	*code = CURLE_OPERATION_TIMEDOUT;
	return true;
}

/* Tells whoever follows, and waits for something to happen. False: it has had enough. */
static bool wait_for(struct stream *stream, int ms)
{
	const struct stream_calls *calls = stream->calls;
	struct curl_waitfd extra = { .fd = calls->fd, .events = CURL_WAIT_POLLIN };

	if (calls->turn && !calls->turn(calls->arg))
		return false;
	curl_multi_poll(stream->multi, &extra, calls->fd >= 0 ? 1 : 0, ms, NULL);
	return true;
}

static int ended(const struct stream *stream)
{
	snprintf(stream->error, TROUBLE_MAX, "the daemon at %s has ended", stream->control);
	human_printable(stream->error);
	return CLI_UNREACHABLE;
}

/* As stream_run(), with CLI_UNREACHABLE also for a connection that was good until now. */
static int connection_run(struct stream *stream)
{
	CURLcode code = CURLE_OUT_OF_MEMORY;
	json_t *answer;
	int running, result;

	if (!connection_begin(stream))
		return api_curl_trouble(stream->curl, code, stream->control, stream->error);
	while (curl_multi_perform(stream->multi, &running) == CURLM_OK) {
		if (connection_is_over(stream, &code))
			break;
		if (!wait_for(stream, STREAM_TURN_MS))
			return CLI_DONE;
	}
	stream->status = http_status(stream);
	stream->full = api_curl_is_full(stream->curl, code);
	if (code == CURLE_OK && stream->status == 200)
		return ended(stream);
	if (code != CURLE_OK)
		return api_curl_trouble(stream->curl, code, stream->control, stream->error);
	answer = json_loadb(stream->line ? stream->line : "", stream->size, 0, NULL);
	result = trouble_refused(stream->status, answer, stream->control, stream->error);
	json_decref(answer);
	return result;
}

/* --- over and over ------------------------------------------------------------------------------ */

/* False: whoever follows has had enough. */
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

/* A queue that is full is so for now; and once it was good, only a record that is not there any more is reason to give up. */
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

		connection_end(stream);
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
		                 .multi = curl_multi_init(),
		                 .path = api_only("/v1/events", name),
		                 .retry_ms = RETRY_MIN_MS };
	int result = CLI_UNREACHABLE;

	snprintf(error, TROUBLE_MAX, "out of memory");
	if (stream.multi && stream.path && trouble_path_fits(control, error))
		result = follow(&stream);
	free(stream.path);
	free(stream.line);
	curl_multi_cleanup(stream.multi);
	return result;
}
