/*
 * The content of one event stream: a snapshot of the status, then each change, one JSON object per
 * line.
 *
 * A stream has no buffer of its own: it is a position within a snapshot that is produced piece by
 * piece, or among the recent events (event/ring). It does not know about connections; streams.h
 * reads it for libmicrohttpd.
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
	char *only;          /* the only record to report; NULL: all */
	uint64_t generation; /* of the monitor, at the last snapshot */
	uint64_t next;       /* number of the event to send next */
	uint64_t lost;       /* number of events that should be sent but are no longer kept */
	bool in_snapshot;
	size_t step;             /* of the snapshot's next piece */
	char *pending;           /* the snapshot's piece being sent */
	struct event_item *item; /* the event being sent */
	const char *rest;        /* the unsent bytes of either */
	size_t left;
	bool beat;  /* an empty line is due */
	bool ended; /* by the daemon */
};

/* Where a client asked to start. */
struct stream_start {
	bool since_given;
	uint64_t since;   /* number of the last event that the client received */
	const char *boot; /* identifies the run of the daemon that numbered it; NULL: this run */
};

/* Takes ownership of `only`. stream_free() is always required. */
void stream_init(struct stream *stream, const struct monitor *monitor,
                 const struct in_force *in_force, char *only, const struct stream_start *start);
void stream_free(struct stream *stream);

enum stream_state {
	STREAM_MORE,    /* the buffer is full, or the time slice is used up */
	STREAM_NOTHING, /* nothing to send for now */
	STREAM_BROKEN,  /* out of memory, or the next piece would not match those already sent */
	STREAM_OVER,    /* the stream ends with HTTP's final chunk */
};

/*
 * Fills `buffer` until it is full, nothing is left to send, or the slice is used up. Returns the
 * number of bytes.
 */
size_t stream_read(struct stream *stream, char *buffer, size_t size, const struct slice *slice,
                   enum stream_state *state);

/* Whether there are events that have not been sent. */
bool stream_is_behind(const struct stream *stream);

/* The number of bytes of events that have not been sent; 0 during a snapshot. */
uint64_t stream_behind_bytes(const struct stream *stream);

#endif
