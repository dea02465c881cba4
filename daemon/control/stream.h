/*
 * What one follower of the events is sent: a snapshot of the status, then each change, one JSON object on a line.
 *
 * A stream has no buffer of its own: it is a position in the snapshot that it makes, or among the last events (event/ring). It
 * knows nothing of connections: streams.h reads it for libmicrohttpd.
 */
#ifndef SHUNT_CONTROL_STREAM_H
#define SHUNT_CONTROL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_item;
struct in_force;
struct monitor;
struct slice;

struct stream {
	const struct monitor *monitor;
	const struct in_force *in_force;
	char *only;          /* the one record that matters; NULL: all */
	uint64_t generation; /* the monitor's, of the last snapshot */
	uint64_t next;       /* the event to send next */
	uint64_t lost;       /* events that were wanted and are no longer kept */
	bool in_snapshot;
	size_t step;             /* of its next piece */
	char *pending;           /* a piece of it that is made */
	struct event_item *item; /* an event that is being sent */
	const char *rest;        /* the unsent bytes of either */
	size_t left;
	bool beat;  /* an empty line is due */
	bool ended; /* by us */
};

/* Where a client wants to begin. */
struct stream_start {
	bool since_given;
	uint64_t since;   /* the last event that the client has */
	const char *boot; /* the run of the daemon that numbered it; NULL: this one */
};

/* Takes `only` over. stream_free() in any case. */
void stream_init(struct stream *stream, const struct monitor *monitor,
                 const struct in_force *in_force, char *only, const struct stream_start *start);
void stream_free(struct stream *stream);

enum stream_state {
	STREAM_MORE,    /* the buffer is full, or the time slice over */
	STREAM_NOTHING, /* everything is sent for now */
	STREAM_BROKEN,  /* a text cannot be made, or would not belong to what is sent */
	STREAM_OVER,    /* the stream ends as HTTP says */
};

/* Fills `buffer` until it is full, there is nothing more, or the slice is over. Returns the number of bytes. */
size_t stream_read(struct stream *stream, char *buffer, size_t size, const struct slice *slice,
                   enum stream_state *state);

/* There are events that it has not sent. */
bool stream_is_behind(const struct stream *stream);

/* How many bytes of events it has not sent; 0 in a snapshot. */
uint64_t stream_behind_bytes(const struct stream *stream);

#endif
