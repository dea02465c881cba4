#include "control/streams.h"

#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "control/answer.h"
#include "control/parts.h"
#include "control/peer.h"
#include "control/request.h"
#include "control/slice.h"
#include "control/stream.h"

#define EVENTS_TYPE "application/x-ndjson"
#define PIECE 8192u       /* bytes requested from a stream at one time */
#define OTHERS_RESERVE 8u /* one in 8 streams is reserved for root and the daemon's own uid */

struct streams_follower {
	LIST_ENTRY(streams_follower) link;
	struct streams *streams;
	struct MHD_Connection *connection;
	const struct slice *slice;
	int fd; /* owned by libmicrohttpd */
	struct stream stream;
	bool suspended;
	bool gone;           /* the client has disconnected, or is too far behind */
	struct event *watch; /* while suspended: the client's end, and the next empty line */
};

/* --- suspending ------------------------------------------------------------------------------- */

static void follower_suspend(struct streams_follower *follower)
{
	const struct timeval beat = { .tv_sec = EVENTS_BEAT_MS / 1000 };

	if (event_add(follower->watch, &beat) < 0)
		return; /* cannot watch the client: libmicrohttpd calls again at once */
	MHD_suspend_connection(follower->connection);
	follower->suspended = true;
}

static void follower_resume(struct streams_follower *follower)
{
	if (!follower->suspended)
		return;
	follower->suspended = false;
	event_del(follower->watch);
	MHD_resume_connection(follower->connection);
}

/* A client sends nothing more: when the socket becomes readable, it has disconnected. */
static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct streams_follower *follower = arg;

	(void)fd;
	if (what & EV_READ)
		follower->gone = true;
	else
		follower->stream.beat = true;
	follower_resume(follower);
	follower->streams->turn(follower->streams->arg);
}

/* --- called by libmicrohttpd ------------------------------------------------------------------ */

static ssize_t follower_read(void *arg, uint64_t position, char *buffer, size_t size)
{
	struct streams_follower *follower = arg;
	enum stream_state state = STREAM_BROKEN;
	size_t filled = 0;

	(void)position;
	if (!follower->gone)
		filled = stream_read(&follower->stream, buffer, size, follower->slice, &state);
	if (filled > 0 || state == STREAM_MORE)
		return (ssize_t)filled; /* 0: called again in the next iteration */
	if (state == STREAM_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (state == STREAM_OVER)
		return MHD_CONTENT_READER_END_OF_STREAM;
	follower_suspend(follower);
	return 0;
}

static void follower_free(void *arg)
{
	struct streams_follower *follower = arg;

	LIST_REMOVE(follower, link);
	follower->streams->count--;
	stream_free(&follower->stream);
	if (follower->watch)
		event_free(follower->watch);
	free(follower);
}

/* --- new events ------------------------------------------------------------------------------- */

/* shutdown(), not close(): libmicrohttpd owns the descriptor, sees the end and closes it. */
static void drop_slow(struct streams_follower *follower)
{
	if (follower->gone || stream_behind_bytes(&follower->stream) <= EVENTS_BEHIND)
		return;
	follower->gone = true;
	shutdown(follower->fd, SHUT_RDWR);
}

/*
 * Runs once for all events of an iteration. A suspended reader had read everything: it does not
 * count as slow, however many events there are.
 */
static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct streams *streams = arg;
	struct streams_follower *follower;

	(void)fd;
	(void)what;
	LIST_FOREACH(follower, &streams->list, link)
	{
		if (follower->suspended)
			follower_resume(follower);
		else if (stream_is_behind(&follower->stream))
			drop_slow(follower);
	}
	streams->turn(streams->arg);
}

/* May be called in the middle of a change, so the streams are resumed later. */
static void on_event(void *arg, struct event_item *item)
{
	struct streams *streams = arg;

	(void)item;
	if (streams->count > 0)
		event_active(streams->wake, EV_TIMEOUT, 0);
}

/* --- a request -------------------------------------------------------------------------------- */

bool streams_have_room(const struct streams *streams, const struct request *request)
{
	size_t limit = peers_limit(streams->peers) / 2;

	if (!peer_is_trusted(streams->peers, request->peer))
		limit -= limit / OTHERS_RESERVE;
	return streams->count < limit;
}

enum MHD_Result streams_open(struct request *request, char *only, const struct stream_start *start)
{
	struct streams *streams = request->streams;
	struct streams_follower *follower = calloc(1, sizeof(*follower));

	if (!follower) {
		free(only);
		return MHD_NO;
	}
	follower->streams = streams;
	follower->connection = request->connection;
	follower->slice = request->slice;
	follower->fd = request->peer->fd;
	stream_init(&follower->stream, streams->parts->monitor, streams->parts->in_force, only,
	            start);
	LIST_INSERT_HEAD(&streams->list, follower, link);
	streams->count++;
	follower->watch =
	        event_new(streams->parts->base, follower->fd, EV_READ, on_watch, follower);
	if (!follower->watch) {
		follower_free(follower);
		return MHD_NO;
	}
	peer_stays(request->peer);
	return answer_stream(request, EVENTS_TYPE, PIECE, follower_read, follower, follower_free);
}

/* --- start and end ---------------------------------------------------------------------------- */

bool streams_start(struct streams *streams)
{
	streams->subscriber = (struct event_subscriber){ .on_event = on_event, .arg = streams };
	event_subscribe(&streams->subscriber);
	streams->wake = event_new(streams->parts->base, -1, 0, on_wake, streams);
	return streams->wake != NULL;
}

void streams_end(struct streams *streams)
{
	struct streams_follower *follower;

	LIST_FOREACH(follower, &streams->list, link)
	{
		follower->stream.ended = true;
		follower_resume(follower);
	}
}

void streams_free(struct streams *streams)
{
	event_unsubscribe(&streams->subscriber);
	if (streams->wake)
		event_free(streams->wake);
}
