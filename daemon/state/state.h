/*
 * What must survive a restart: decides when it is written, and logs failures. monitor_state makes the text.
 *
 *   main      state_open (before root's privileges are given up) → state_read → state_start → … → state_free, which writes a last time
 *   monitor   state_changed
 *
 * After a change it is written as a whole, at most once a second, by a thread of its own. Every few seconds the file is stamped with the
 * time, so that
 * the next daemon knows for how long none has run. A full disk is logged once, and the write is tried again.
 */
#ifndef SHUNT_STATE_STATE_H
#define SHUNT_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

struct event_base;
struct state;

#define STATE_WRITE_MS 1000u /* at least, between two writes */
#define STATE_STAMP_MS 5000u

/*
 * The text's first bytes are the stamp, which is replaced in place: STATE_HEAD, STATE_STAMP_DIGITS digits of CLOCK_BOOTTIME in ms, and
 * then whatever continues a JSON object.
 */
#define STATE_HEAD "{\"alive\":\""
#define STATE_STAMP_DIGITS 20

/* One operator's order that must be on disk before it is acknowledged. The caller's; zeroed before state_sync(). */
struct state_sync {
	LIST_ENTRY(state_sync) link;
	uint64_t change; /* the last one that it waits for */
	/* Called once, from the loop: error is 0 when that is on disk, else the errno of the write that failed. */
	void (*done)(struct state_sync *sync, int error);
};

/* NULL with the error filled: nothing will survive. */
struct state *state_open(const char *path, uid_t uid, gid_t gid, char *error, size_t size);

/*
 * True with the file's text, which the caller frees, or with NULL: there is none, or it was set aside. False with errno: this process
 * lacks what it takes to read it; a daemon that went on would overwrite it.
 */
bool state_read(const struct state *state, char **text, size_t *size);

/* It is not to be believed: it gets another name, and an event says so. */
void state_set_aside(const struct state *state, const char *why);

/* Makes the text; the caller frees it; NULL: no memory. */
typedef char *state_text(void *arg, size_t *size);

struct state_counts {
	uint64_t write_failures;
};

/* Since the start; valid as long as the state. */
const struct state_counts *state_counts(const struct state *state);

/* False when it cannot start (errno). */
bool state_start(struct state *state, struct event_base *base, state_text *make, void *arg);

void state_changed(struct state *state);

/*
 * Writes what has changed up to now without the pause of STATE_WRITE_MS, and calls `sync->done` when that write has ended. Returns true when
 * there is nothing to write: then done() is not called. state_sync_forget() takes a wait that has not ended; the write goes on.
 */
bool state_sync(struct state *state, struct state_sync *sync);
void state_sync_forget(struct state_sync *sync);

/* Writes what has not been written yet, waiting a few seconds at most. Before what `make` needs is freed. */
void state_free(struct state *state);

#endif
