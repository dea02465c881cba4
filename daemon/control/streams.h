/*
 * The connections that follow the events, of one listener. libmicrohttpd reads a stream (stream.h) through each.
 *
 * A connection that was sent everything is suspended, which costs nothing, until there is an event, EVENTS_BEAT_MS have passed, or
 * its client is gone. One whose client does not read is dropped once it is EVENTS_BEHIND behind.
 *
 * streams_start(); streams_open() for each request; streams_end() and, once libmicrohttpd is gone, streams_free().
 */
#ifndef SHUNT_CONTROL_STREAMS_H
#define SHUNT_CONTROL_STREAMS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "event/event.h"

#define EVENTS_BEAT_MS 15000u      /* silence until an empty line */
#define EVENTS_BEHIND (256u << 10) /* bytes of events that a reader may leave unread */

struct control_parts;
struct event;
struct peers;
struct request;
struct stream_start;
struct streams_follower;

struct streams {
	/* Connections were resumed: libmicrohttpd, which has no thread of its own, does not notice by itself. */
	void (*turn)(void *arg);
	void *arg;
	const struct control_parts *parts;
	const struct peers *peers;

	/* From here on its own. */
	LIST_HEAD(, streams_follower) list;
	size_t count;
	struct event_subscriber subscriber;
	struct event *wake; /* events have come */
};

/* With the first fields filled. False: out of memory; then streams_free() all the same. */
bool streams_start(struct streams *streams);

/* Whether one more may follow: some places are for root and our own uid only. */
bool streams_have_room(const struct streams *streams, const struct request *request);

/* Answers the request with a stream. Takes `only` over, the one record that it is about; NULL: all. */
enum MHD_Result streams_open(struct request *request, char *only, const struct stream_start *start);

/* Every stream ends at libmicrohttpd's next turn; none is suspended any more. */
void streams_end(struct streams *streams);

/* After libmicrohttpd has closed every connection. */
void streams_free(struct streams *streams);

#endif
