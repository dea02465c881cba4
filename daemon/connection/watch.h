/*
 * Watches: an idle TCP connection to each target whose check says so, to notice the death of a
 * server within a millisecond. FIN, RST, silence of the peer to keepalive probes: each is a hint
 * that starts probes, never a verdict.
 *
 * The owner of a target makes its watch, and calls watch_verdict() for each probe that ended. No
 * connection is opened before a probe has passed, and none is held while the target is down.
 * Everything runs in the event loop's thread.
 */
#ifndef SHUNT_CONNECTION_WATCH_H
#define SHUNT_CONNECTION_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "config/config.h"
#include "policy/health.h"
#include "policy/watching.h"

struct event_base;
struct probe;
struct watch;
struct watcher;

struct watch_counts {
	unsigned phases[WATCHING_PHASES]; /* watches now */
	uint64_t unexpected;              /* connections that ended and started a burst of probes */
	uint64_t expected;                /* that a server ended at its usual age */
	uint64_t own;                     /* ends and failures that are this host's */
};

#define WATCHER_SHARE 8u /* the part of the descriptors that is for them */

/* The number of connections that may be held with that many descriptors. */
unsigned watcher_room(uint64_t descriptors);

/* `room`: number of connections at the same time; further targets are not watched. */
struct watcher *watcher_new(struct event_base *base, unsigned room);
/* Must be called after all watches were freed. NULL is allowed. */
void watcher_free(struct watcher *watches);

/* Valid as long as `watches`. */
const struct watch_counts *watcher_counts(const struct watcher *watches);

/* `probe` and `check` must outlive the watch, or be replaced with watch_rebind(). */
struct watch *watch_new(struct watcher *watches, const struct check *check,
                        const struct address *address, struct probe *probe);
/* Closes the connection. NULL is allowed. */
void watch_free(struct watch *watch);

/* Called after a reload: the check has a new address. NULL is allowed. */
void watch_rebind(struct watch *watch, const struct check *check);

/*
 * A probe of the target ended. `down`: the failures have taken it down. `needed`: number of failures
 * in a row that do. NULL is allowed.
 */
void watch_verdict(struct watch *watch, enum verdict verdict, bool down, unsigned needed);

enum watching_phase watch_phase(const struct watch *watch);

#endif
