/*
 * The connections that follow the events, of one listener. libmicrohttpd reads a stream (stream.h)
 * through each.
 *
 * A connection with nothing left to send is suspended, which costs nothing, until an event occurs,
 * EVENTS_BEAT_MS have passed, or the client has disconnected. A connection whose client does not
 * read is dropped once it is EVENTS_BEHIND bytes behind.
 *
 * Order: streams_start(); streams_open() for each request; streams_end(); streams_free() after
 * libmicrohttpd was stopped.
 */
#ifndef SHUNT_CONTROL_STREAMS_H
#define SHUNT_CONTROL_STREAMS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "event/event.h"

#define EVENTS_BEAT_MS 15000u      /* an empty line is sent after that long without an event */
#define EVENTS_BEHIND (256u << 10) /* bytes of events that a reader may leave unread */

struct control_parts;
struct event;
struct peers;
struct request;
struct stream_start;
struct streams_follower;

struct streams {
	/* Called after connections were resumed: libmicrohttpd has no thread and must be run. */
	void (*turn)(void *arg);
	void *arg;
	const struct control_parts *parts;
	const struct peers *peers;

	/* Private. */
	LIST_HEAD(, streams_follower) list;
	size_t count;
	struct event_subscriber subscriber;
	struct event *wake; /* active when events are to be sent */
};

/*
 * The caller has set the fields up to `peers`. Returns false if out of memory; streams_free() is
 * required even then.
 */
bool streams_start(struct streams *streams);

/* Whether one more stream is allowed. Some are reserved for root and the daemon's own uid. */
bool streams_have_room(const struct streams *streams, const struct request *request);

/*
 * Responds to the request with a stream. `only`: the only record to report, NULL for all; takes
 * ownership.
 */
enum MHD_Result streams_open(struct request *request, char *only, const struct stream_start *start);

/* Resumes every stream and ends it when libmicrohttpd runs next. */
void streams_end(struct streams *streams);

/* Called after libmicrohttpd has closed every connection. */
void streams_free(struct streams *streams);

#endif
