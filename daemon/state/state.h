/*
 * Data that must survive a restart: schedules the writes and logs failures. monitor_state()
 * produces the text.
 *
 *   main      state_open (before root's privileges are dropped) → state_read → state_start → …
 *             → state_free, which writes once more
 *   monitor   state_changed
 *
 * After a change the whole file is written, at most once a second, by a separate thread. Every few
 * seconds the time is stamped into the file, so that the next run knows for how long no daemon was
 * running. A full disk is logged once, and the write is retried.
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

#define STATE_WRITE_MS 1000u /* minimum interval between two writes */
#define STATE_STAMP_MS 5000u

/*
 * The text starts with the stamp, which is replaced in place: STATE_HEAD, STATE_STAMP_DIGITS digits
 * of CLOCK_BOOTTIME in ms, then the rest of a JSON object.
 */
#define STATE_HEAD "{\"alive\":\""
#define STATE_STAMP_DIGITS 20

/*
 * A wait for an operator's command to be on disk before it is acknowledged. Owned by the caller;
 * zeroed before state_sync().
 */
struct state_sync {
	LIST_ENTRY(state_sync) link;
	uint64_t change; /* number of the latest change that it waits for */
	/*
	 * Called once, from the loop. `error` is 0 if the change is on disk, else the errno of the
	 * failed write.
	 */
	void (*done)(struct state_sync *sync, int error);
};

/* Returns NULL with the error filled: no state will be saved. */
struct state *state_open(const char *path, uid_t uid, gid_t gid, char *error, size_t size);

/*
 * Returns true with the file's text, which the caller frees, or with NULL if there is no file or it
 * was set aside. Returns false with errno if this process lacks the resources to read it; a daemon
 * that continued would overwrite it.
 */
bool state_read(const struct state *state, char **text, size_t *size);

/* For a file that cannot be trusted: renames it and emits an event. */
void state_set_aside(const struct state *state, const char *why);

/* Returns the text, to be freed by the caller; NULL if out of memory. */
typedef char *state_text(void *arg, size_t *size);

struct state_counts {
	uint64_t write_failures;
};

/* Counted since the start; valid as long as the state. */
const struct state_counts *state_counts(const struct state *state);

/* Returns false if it cannot start (errno is set). */
bool state_start(struct state *state, struct event_base *base, state_text *make, void *arg);

void state_changed(struct state *state);

/*
 * Writes the changes made so far without waiting for STATE_WRITE_MS, and calls `sync->done` when
 * that write has ended. Returns true if there is nothing to write: then done() is not called.
 * state_sync_forget() cancels a wait that has not ended; the write continues.
 */
bool state_sync(struct state *state, struct state_sync *sync);
void state_sync_forget(struct state_sync *sync);

/*
 * Writes what has not been written yet, waiting a few seconds at most. Must be called before the
 * objects used by `make` are freed.
 */
void state_free(struct state *state);

#endif
