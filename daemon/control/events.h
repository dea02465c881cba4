/*
 * GET /v1/events: a snapshot of the status, then each change as it happens, one JSON object on a line.
 *
 * A stream has no buffer of its own: it is a place in the snapshot that it makes, or among the last events (event_ring). One that has
 * said all is suspended, which costs nothing, until there is an event, EVENTS_BEAT_MS are over, or its client is gone.
 * One that its client does not read is dropped once it is EVENTS_BEHIND behind.
 */
#ifndef SHUNT_CONTROL_EVENTS_H
#define SHUNT_CONTROL_EVENTS_H

#include <microhttpd.h>
#include <stddef.h>
#include <sys/queue.h>

#include "event/event.h"

#define EVENTS_BEAT_MS 15000u      /* silence until an empty line */
#define EVENTS_BEHIND (256u << 10) /* bytes of events that a reader may leave unread */

struct request;
struct stream;

/* Those of a listener. */
struct streams {
	/* Some are resumed: libmicrohttpd, which runs in nobody's thread, does not see it by itself. */
	void (*turn)(void *arg);
	void *arg;
	const struct control_parts *parts;
	const struct peers *peers;

	/* From here on its own. */
	LIST_HEAD(, stream) list;
	size_t count;
	struct event_subscriber subscriber;
	struct event *wake; /* events have come */
};

/* With the first fields filled. False: out of memory; then streams_free() all the same. */
bool streams_start(struct streams *streams);

/* The route. */
enum MHD_Result events_get(struct request *request);

/* All say that they end, at libmicrohttpd's next turn; none is suspended any more. */
void streams_end(struct streams *streams);

/* Once libmicrohttpd is gone. */
void streams_free(struct streams *streams);

#endif
