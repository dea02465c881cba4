/*
 * Follows the daemon's events across restarts, for as long as the caller wants.
 *
 * Each connection begins with a snapshot of the status. What happened between two connections comes as events where the daemon is the
 * same; where it is another, or no longer has them all, the snapshot is said to come after a gap.
 */
#ifndef SHUNT_CLI_API_STREAM_H
#define SHUNT_CLI_API_STREAM_H

#include <jansson.h>
#include <stdbool.h>

#include "api/api.h"

#define STREAM_TURN_MS 1000 /* between two turns at most */

/* All are called from stream_run(). */
struct stream_calls {
	/* After a gap (`lost` events, 0: unknown) the changes in between are to be found by comparing. */
	void (*snapshot)(void *arg, const json_t *status, bool gap, unsigned long long lost);
	/* `old`: it happened before the snapshot, which has it in it. */
	void (*event)(void *arg, const json_t *event, bool old);
	/* The connection was lost and is being re-established. Called once per lost connection. */
	void (*lost)(void *arg, const char *why);
	/* Often; false ends. NULL: never. */
	bool (*turn)(void *arg);
	void *arg;
	int fd; /* a turn is due when it can be read; -1: none */
};

/*
 * `name`: of the one record that matters; NULL: all. `history`: the events that the daemon still has come first.
 *
 * Returns when turn() says so, with CLI_DONE; or with CLI_UNREACHABLE when the first connection fails, or CLI_REFUSED when the
 * daemon says no, and one line in `error`.
 */
int stream_run(const char *control, const char *name, bool history,
               const struct stream_calls *calls, char error[TROUBLE_MAX]);

#endif
