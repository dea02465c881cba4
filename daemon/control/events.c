#include "control/events.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/timer.h"
#include "control/answer.h"
#include "control/peer.h"
#include "control/request.h"
#include "control/routes.h"
#include "control/slice.h"
#include "event/ring.h"
#include "monitor/monitor.h"
#include "report/json.h"

#define EVENTS_TYPE "application/x-ndjson"
#define PIECE 8192u       /* bytes that are asked of a stream at one time */
#define OTHERS_RESERVE 8u /* one in so many streams is for root and our own uid only */

struct stream {
	LIST_ENTRY(stream) link;
	struct streams *streams;
	struct MHD_Connection *connection;
	const struct slice *slice;
	int fd;              /* libmicrohttpd's */
	char *only;          /* the one record that matters; NULL: all */
	uint64_t generation; /* the monitor's, of the last snapshot */
	uint64_t next;       /* the event to send next */
	uint64_t lost;       /* events that were wanted and are not kept any more */
	bool in_snapshot;
	size_t step;             /* of its next piece */
	char *pending;           /* a piece of it that is made */
	struct event_item *item; /* an event that is being sent */
	const char *rest;        /* what is left of either */
	size_t left;
	bool suspended;
	bool beat;           /* an empty line is due */
	bool ended;          /* by us */
	bool gone;           /* the client is, or has read nothing for too long */
	struct event *watch; /* while it is suspended: the client's end, and the beat */
};

/* --- what is said ------------------------------------------------------------------------------- */

static void let_go(struct stream *stream)
{
	free(stream->pending);
	if (stream->item)
		event_release(stream->item);
	stream->pending = NULL;
	stream->item = NULL;
	stream->left = 0;
}

static bool give(struct stream *stream, char *text)
{
	stream->pending = text;
	stream->rest = text;
	stream->left = text ? strlen(text) : 0;
	return text != NULL;
}

static char *opening(const struct stream *stream)
{
	char lost[40] = "", *text;

	if (stream->lost)
		snprintf(lost, sizeof(lost), "\"lost\":%llu,", (unsigned long long)stream->lost);
	if (asprintf(&text, "{\"seq\":%llu,\"boot\":\"%s\",%s\"snapshot\":",
	             (unsigned long long)event_ring_last(), event_ring_boot(), lost) < 0)
		return NULL;
	return text;
}

static void snapshot_begin(struct stream *stream)
{
	stream->in_snapshot = true;
	stream->step = 0;
	stream->generation = monitor_generation(stream->streams->parts->monitor);
}

/* What stands before the status, and the status; what it is part of ends with it. */
static char *snapshot_piece(struct stream *stream, bool *last)
{
	const struct monitor *monitor = stream->streams->parts->monitor;
	struct report_span span = { .count = monitor_record_count(monitor) };
	size_t step = stream->step++;

	*last = false;
	if (step == 0)
		return opening(stream);
	if (stream->only && !monitor_find(monitor, stream->only, &span.first))
		return NULL;
	if (stream->only)
		span.count = 1;
	return report_status(monitor, span, step - 1, last);
}

/* False: it cannot be made, or would not belong to those that are sent. */
static bool snapshot_advance(struct stream *stream)
{
	bool last;
	char *text, *closed;

	if (stream->generation != monitor_generation(stream->streams->parts->monitor))
		return false;
	text = snapshot_piece(stream, &last);
	if (!last || !text)
		return give(stream, text);
	stream->in_snapshot = false;
	stream->lost = 0;
	/* Its line ends where the status's does. */
	if (asprintf(&closed, "%.*s}\n", (int)strcspn(text, "\n"), text) < 0)
		closed = NULL;
	free(text);
	return give(stream, closed);
}

static bool has_address(const struct monitor_record *record, const char *address)
{
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct monitor_endpoint *endpoint = &record->endpoints[i];

		for (size_t j = 0; j < endpoint->address_count; j++)
			if (strcmp(address_format(&endpoint->addresses[j].address, text),
			           address) == 0)
				return true;
	}
	return false;
}

/* What is of no record is everybody's matter. */
static bool concerns(const struct stream *stream, const struct event_record *event)
{
	const struct monitor *monitor = stream->streams->parts->monitor;
	struct monitor_record record;
	size_t index;

	if (!stream->only || !event->record || strcmp(event->record, stream->only) == 0)
		return true;
	if (!event->more || !event->address || !monitor_find(monitor, stream->only, &index))
		return false;
	monitor_read(monitor, index, &record);
	return has_address(&record, event->address);
}

/* False: there is no event to send. */
static bool event_advance(struct stream *stream)
{
	while (stream->next <= event_ring_last()) {
		struct event_item *item = event_ring_get(stream->next++);

		if (!concerns(stream, &item->what))
			continue;
		stream->item = event_hold(item);
		stream->rest = item->json;
		stream->left = item->length;
		return true;
	}
	return false;
}

enum advance { ADVANCED, NOTHING, BROKEN, OVER };

/* What there is to say when every event is sent and the records are the same. */
static enum advance rest(struct stream *stream)
{
	if (!stream->beat)
		return NOTHING;
	stream->beat = false;
	return give(stream, strdup("\n")) ? ADVANCED : BROKEN;
}

/* Another snapshot: after a reload, whose own events come before it, and where events are lost. */
static enum advance begin_again(struct stream *stream)
{
	size_t index;

	if (stream->only && !monitor_find(stream->streams->parts->monitor, stream->only, &index))
		return OVER;
	stream->lost = event_ring_last() + 1 - stream->next;
	stream->next = event_ring_last() + 1;
	snapshot_begin(stream);
	return snapshot_advance(stream) ? ADVANCED : BROKEN;
}

/* The next text. */
static enum advance advance(struct stream *stream)
{
	let_go(stream);
	if (stream->gone)
		return BROKEN;
	if (stream->in_snapshot)
		return snapshot_advance(stream) ? ADVANCED : BROKEN;
	if (stream->ended)
		return OVER;
	if (stream->next < event_ring_first())
		return begin_again(stream);
	if (event_advance(stream))
		return ADVANCED;
	if (stream->generation == monitor_generation(stream->streams->parts->monitor))
		return rest(stream);
	return begin_again(stream);
}

/* --- suspending --------------------------------------------------------------------------------- */

static void stream_suspend(struct stream *stream)
{
	const struct timeval beat = { .tv_sec = EVENTS_BEAT_MS / 1000 };

	if (event_add(stream->watch, &beat) < 0)
		return; /* asked again at once: no memory is worse */
	MHD_suspend_connection(stream->connection);
	stream->suspended = true;
}

static void stream_resume(struct stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	event_del(stream->watch);
	MHD_resume_connection(stream->connection);
}

/* A client has nothing more to say: what can be read is its end. */
static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	(void)fd;
	if (what & EV_READ)
		stream->gone = true;
	else
		stream->beat = true;
	stream_resume(stream);
	stream->streams->turn(stream->streams->arg);
}

/* --- libmicrohttpd's side ----------------------------------------------------------------------- */

static ssize_t stream_read(void *arg, uint64_t position, char *buffer, size_t size)
{
	struct stream *stream = arg;
	size_t filled = 0;
	enum advance got = ADVANCED;

	(void)position;
	while (filled < size && got == ADVANCED && !slice_is_over(stream->slice)) {
		size_t n = stream->left < size - filled ? stream->left : size - filled;

		if (n > 0)
			memcpy(buffer + filled, stream->rest, n);
		stream->rest += n;
		stream->left -= n;
		filled += n;
		if (stream->left == 0)
			got = advance(stream);
	}
	if (filled > 0 || got == ADVANCED)
		return (ssize_t)filled; /* 0: asked again in the next turn */
	if (got == BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (got == OVER)
		return MHD_CONTENT_READER_END_OF_STREAM;
	stream_suspend(stream);
	return 0;
}

static void stream_free(void *arg)
{
	struct stream *stream = arg;

	LIST_REMOVE(stream, link);
	stream->streams->count--;
	let_go(stream);
	if (stream->watch)
		event_free(stream->watch);
	free(stream->only);
	free(stream);
}

/* --- events come -------------------------------------------------------------------------------- */

/* shutdown() and not close(): the descriptor is libmicrohttpd's, which sees the end and closes it. */
static void drop_slow(struct stream *stream)
{
	const struct event_item *next = event_ring_get(stream->next);
	uint64_t sent = next ? next->end - next->length : 0;

	if (stream->in_snapshot || stream->gone || event_ring_bytes() - sent <= EVENTS_BEHIND)
		return;
	stream->gone = true;
	shutdown(stream->fd, SHUT_RDWR);
}

/* Once for all events of a turn: who was suspended had read everything, and is not slow, however many they are. */
static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct streams *streams = arg;
	struct stream *stream;

	(void)fd;
	(void)what;
	LIST_FOREACH(stream, &streams->list, link)
	{
		if (stream->suspended)
			stream_resume(stream);
		else if (stream->next <= event_ring_last())
			drop_slow(stream);
	}
	streams->turn(streams->arg);
}

/* In the middle of a change: later. */
static void told(void *arg, struct event_item *item)
{
	struct streams *streams = arg;

	(void)item;
	if (streams->count > 0)
		event_active(streams->wake, EV_TIMEOUT, 0);
}

/* --- a request ---------------------------------------------------------------------------------- */

/* `*asks`: whether there is a `since`. False: it is no number. */
static bool read_since(const char *text, bool *asks, uint64_t *since)
{
	*asks = text != NULL;
	*since = 0;
	if (!text)
		return true;
	if (!*text || strlen(text) > 18 || text[strspn(text, "0123456789")])
		return false;
	*since = strtoull(text, NULL, 10);
	return true;
}

/* Where to begin, and what cannot be had. */
static void place(struct stream *stream, bool asks, uint64_t since, const char *boot)
{
	uint64_t last = event_ring_last(), first = event_ring_first();

	stream->next = last + 1;
	if (!asks || (since >= last && (!boot || strcmp(boot, event_ring_boot()) == 0)))
		return;
	if (boot && strcmp(boot, event_ring_boot()) != 0)
		since = first - 1;
	stream->next = since + 1 < first ? first : since + 1;
	stream->lost = stream->next - (since + 1);
}

static bool is_allowed(const struct request *request)
{
	const struct streams *streams = request->streams;
	size_t limit = streams->peers->limit / 2;

	if (!peer_is_trusted(streams->peers, request->peer))
		limit -= limit / OTHERS_RESERVE;
	return streams->count < limit;
}

/* Takes `only` over. */
static struct stream *stream_new(struct request *request, char *only)
{
	struct streams *streams = request->streams;
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream) {
		free(only);
		return NULL;
	}
	*stream = (struct stream){ .streams = streams,
		                   .connection = request->connection,
		                   .slice = request->slice,
		                   .fd = request->peer->fd,
		                   .only = only };
	LIST_INSERT_HEAD(&streams->list, stream, link);
	streams->count++;
	stream->watch = event_new(streams->parts->base, stream->fd, EV_READ, on_watch, stream);
	if (stream->watch)
		return stream;
	stream_free(stream);
	return NULL;
}

/* NULL in `*only`: all. False: answered. */
static bool read_record(struct request *request, char **only, enum MHD_Result *result)
{
	struct report_span span;

	*only = NULL;
	if (!routes_span(request, &span, result))
		return false;
	if (!request->name)
		return true;
	*result = MHD_NO;
	*only = strdup(monitor_name(request->parts->monitor, span.first));
	return *only != NULL;
}

enum MHD_Result events_get(struct request *request)
{
	const char *since_text = request_argument(request, "since");
	enum MHD_Result result;
	struct stream *stream;
	uint64_t since;
	bool asks;
	char *only;

	if (!read_since(since_text, &asks, &since))
		return answer_error(request->connection, MHD_HTTP_BAD_REQUEST,
		                    "since: \"%.40s\" is not the number of an event; give the "
		                    "\"seq\" of the last one that you have, or 0",
		                    since_text);
	if (!is_allowed(request))
		return answer_error(
		        request->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
		        "%zu follow the events, which is as many as may; try again later",
		        request->streams->count);
	if (!read_record(request, &only, &result))
		return result;
	stream = stream_new(request, only);
	if (!stream)
		return MHD_NO;
	place(stream, asks, since, request_argument(request, "boot"));
	snapshot_begin(stream);
	peer_stays(request->peer);
	return answer_stream(request->connection, EVENTS_TYPE, PIECE, stream_read, stream,
	                     stream_free);
}

/* --- start and end ------------------------------------------------------------------------------ */

bool streams_start(struct streams *streams)
{
	streams->subscriber = (struct event_subscriber){ .told = told, .arg = streams };
	event_subscribe(&streams->subscriber);
	streams->wake = event_new(streams->parts->base, -1, 0, on_wake, streams);
	return streams->wake != NULL;
}

void streams_end(struct streams *streams)
{
	struct stream *stream;

	LIST_FOREACH(stream, &streams->list, link)
	{
		stream->ended = true;
		stream_resume(stream);
	}
}

void streams_free(struct streams *streams)
{
	event_unsubscribe(&streams->subscriber);
	if (streams->wake)
		event_free(streams->wake);
}
