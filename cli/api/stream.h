/*
 * Follows the daemon's events across restarts until the caller stops it.
 *
 * Each connection begins with a snapshot of the status. Changes between two connections are
 * reported as events if the daemon is still the same run; otherwise, or if it no longer has all of
 * them, the snapshot is marked as following a gap.
 */
#ifndef SHUNT_CLI_API_STREAM_H
#define SHUNT_CLI_API_STREAM_H

#include <jansson.h>
#include <stdbool.h>

#include "api/api.h"

#define STREAM_TURN_MS 1000 /* the longest time between two calls of turn() */

/* All callbacks are called from stream_run(). */
struct stream_calls {
	/*
	 * After a gap (`lost` events, 0: unknown), changes have to be found by comparing snapshots.
	 */
	void (*snapshot)(void *arg, const json_t *status, bool gap, unsigned long long lost);
	/* `old`: the event happened before the snapshot, which includes it. */
	void (*event)(void *arg, const json_t *event, bool old);
	/* The connection was lost and is being re-established. Called once per lost connection. */
	void (*lost)(void *arg, const char *why);
	/* Called often; returning false stops. NULL: not called. */
	bool (*turn)(void *arg);
	void *arg;
	int fd; /* turn() is also called when it becomes readable; -1: none */
};

/*
 * `name`: the only record to follow; NULL: all. `history`: report the events that the daemon has
 * kept first.
 *
 * Returns CLI_DONE when turn() stops it. Returns CLI_UNREACHABLE if the first connection fails, or
 * CLI_REFUSED if the daemon refuses, with a one-line `error`.
 */
int stream_run(const char *control, const char *name, bool history,
               const struct stream_calls *calls, char error[TROUBLE_MAX]);

#endif
