#include "state/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "event/event.h"
#include "state/file.h"
#include "state/writer.h"

#define RETRY_MS 5000u /* delay after a failed write */
#define LAST_MS 5000   /* longest wait for the disk at the end */

struct state {
	struct state_file file;
	struct state_writer *writer;
	struct event *done;
	struct event *due;   /* timer of the next write */
	struct event *stamp; /* fires every STATE_STAMP_MS */
	state_text *make;
	void *arg;
	struct state_counts counts;
	uint64_t last_ms; /* start of the last write; 0 if there was none */
	bool changed;     /* since that write */
	/* Number of changes so far, which is also the number of the latest one. */
	uint64_t changes;
	/* Number of the latest change in the write that is under way, or was the last one. */
	uint64_t given;
	uint64_t saved; /* number of the latest change on disk */
	LIST_HEAD(, state_sync) syncs;
	bool busy;    /* the writer has a job */
	bool writes;  /* that job is a write, not a stamp */
	bool failing; /* the last write failed, and this has been logged */
};

/* --- events ----------------------------------------------------------------------------------- */

static void emit(const char *reason)
{
	event_emit(&(struct event_record){ .type = EVENT_STATE, .reason = reason });
}

void state_set_aside(const struct state *state, const char *why)
{
	int error = state_file_set_aside(&state->file);
	char text[300];

	if (error)
		snprintf(text, sizeof(text), "not believed: %s; it cannot be set aside: %s", why,
		         strerror(error));
	else
		snprintf(text, sizeof(text),
		         "not believed: %s; set aside as " STATE_FILE_NAME ".bad", why);
	emit(text);
}

static void report(struct state *state, int error)
{
	char text[300];

	if (error && !state->failing) {
		snprintf(text, sizeof(text),
		         "cannot be written: %s; it is tried again, and a restart now would "
		         "forget what has changed",
		         strerror(error));
		emit(text);
	} else if (!error && state->failing) {
		emit("is written again");
	}
	state->failing = error != 0;
}

/* --- scheduling ------------------------------------------------------------------------------- */

static void plan(struct state *state)
{
	uint64_t now_ms = clock_ms();
	uint64_t due_ms = state->last_ms + (state->failing ? RETRY_MS : STATE_WRITE_MS);

	if (!state->writer || state->busy || !state->changed)
		return;
	if (!state->last_ms || due_ms < now_ms || !LIST_EMPTY(&state->syncs))
		due_ms = now_ms;
	timer_arm(state->due, due_ms - now_ms);
}

const struct state_counts *state_counts(const struct state *state)
{
	return &state->counts;
}

/*
 * Completes the waits for the write that has ended; a wait for a later change continues. done() may
 * forget other waits.
 */
static void end_syncs(struct state *state, int error)
{
	struct state_sync *sync = LIST_FIRST(&state->syncs);

	while (sync) {
		if (sync->change > state->given) {
			sync = LIST_NEXT(sync, link);
			continue;
		}
		LIST_REMOVE(sync, link);
		sync->change = 0;
		sync->done(sync, error);
		sync = LIST_FIRST(&state->syncs);
	}
}

/* Returns false if out of memory: try again later. */
static bool give(struct state *state)
{
	size_t size;
	char *text = state->make(state->arg, &size);

	state->last_ms = clock_ms();
	if (!text)
		return false;
	state->changed = false;
	state->given = state->changes;
	state->busy = state->writes = true;
	state_writer_write(state->writer, text, size);
	return true;
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct state *state = arg;

	(void)fd;
	(void)what;
	if (state->busy || give(state))
		return;
	state->given = state->changes;
	end_syncs(state, ENOMEM);
	plan(state);
}

static void finish(struct state *state, int error)
{
	state->busy = false;
	/* A failed stamp is not reported, because the next write will fail too. */
	if (!state->writes)
		return;
	state->writes = false;
	state->counts.write_failures += error != 0;
	report(state, error);
	state->changed |= error != 0;
	if (!error)
		state->saved = state->given;
	end_syncs(state, error);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct state *state = arg;
	int error;

	(void)fd;
	(void)what;
	if (!state_writer_done(state->writer, 0, &error))
		return;
	finish(state, error);
	plan(state);
}

static void on_stamp(evutil_socket_t fd, short what, void *arg)
{
	struct state *state = arg;
	char *digits;

	(void)fd;
	(void)what;
	if (state->busy || asprintf(&digits, "%0*llu", STATE_STAMP_DIGITS,
	                            (unsigned long long)clock_boot_ms()) < 0)
		return;
	state->busy = true;
	state_writer_stamp(state->writer, digits, STATE_STAMP_DIGITS, strlen(STATE_HEAD));
}

void state_changed(struct state *state)
{
	state->changes++;
	if (state->changed)
		return;
	state->changed = true;
	plan(state);
}

bool state_sync(struct state *state, struct state_sync *sync)
{
	if (state->saved >= state->changes)
		return true;
	sync->change = state->changes;
	LIST_INSERT_HEAD(&state->syncs, sync, link);
	plan(state);
	return false;
}

void state_sync_forget(struct state_sync *sync)
{
	if (sync->change)
		LIST_REMOVE(sync, link);
	sync->change = 0;
}

/* --- start and end ---------------------------------------------------------------------------- */

struct state *state_open(const char *path, uid_t uid, gid_t gid, char *error, size_t size)
{
	struct state *state = memory_calloc(1, sizeof(*state));

	if (state_file_open(&state->file, path, uid, gid, error, size))
		return state;
	free(state);
	return NULL;
}

bool state_read(const struct state *state, char **text, size_t *size)
{
	const char *why;
	int result = state_file_read(&state->file, text, size, &why);

	if (result == -1)
		state_set_aside(state, why);
	if (result != 1)
		*text = NULL;
	return result != -2;
}

bool state_start(struct state *state, struct event_base *base, state_text *make, void *arg)
{
	state->make = make;
	state->arg = arg;
	state->writer = state_writer_new(&state->file);
	if (!state->writer)
		return false;
	state->done = event_new(base, state_writer_fd(state->writer), EV_READ | EV_PERSIST, on_done,
	                        state);
	state->due = evtimer_new(base, on_due, state);
	state->stamp = event_new(base, -1, EV_PERSIST, on_stamp, state);
	if (!state->done || !state->due || !state->stamp || event_add(state->done, NULL) < 0)
		return false;
	timer_arm(state->stamp, STATE_STAMP_MS);
	plan(state);
	return true;
}

/*
 * Returns true if the writer has no job. A disk that does not respond does not delay the exit
 * beyond LAST_MS.
 */
static bool write_last(struct state *state)
{
	int error;

	if (state->busy) {
		if (!state_writer_done(state->writer, LAST_MS, &error))
			return false;
		finish(state, error);
	}
	/*
	 * This covers the stamp too: a file that this run has never written belongs to the previous
	 * run, and stays.
	 */
	if (!state->last_ms || !give(state))
		return true;
	if (!state_writer_done(state->writer, LAST_MS, &error))
		return false;
	finish(state, error);
	return true;
}

void state_free(struct state *state)
{
	struct event *events[] = { state->done, state->due, state->stamp };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	if (state->writer && !write_last(state)) {
		log_warning("state: the disk does not answer; what has changed last is lost");
		return; /* the thread still uses the rest, and ends with the process */
	}
	if (state->writer)
		state_writer_free(state->writer);
	state_file_close(&state->file);
	free(state);
}
