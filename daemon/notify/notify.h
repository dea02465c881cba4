/*
 * Runs the notify programs: once for each event and each program that is configured for its type.
 *
 *   notify           which programs an event goes to, and how their runs end
 *   notify/queue     the events that wait: order, turns, bounds; pure
 *   notify/program   what a program is started with
 *
 * Created before anything emits events; configured at the start and by each reload. Nothing here blocks, and nothing here emits an
 * event, so that a notification never causes another.
 */
#ifndef SHUNT_NOTIFY_NOTIFY_H
#define SHUNT_NOTIFY_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct notify;
struct notify_config;
struct spawn_user;

/* Since the start, but for the last two, which are of now. */
struct notify_counts {
	uint64_t delivered; /* the program ended with status 0 */
	uint64_t failed;    /* it ended otherwise, or could not be run */
	uint64_t timed_out;
	uint64_t dropped; /* there was no room, or the program has left the configuration */
	uint64_t waiting;
	uint64_t running;
};

/* No program is configured yet. NULL with errno. */
struct notify *notify_new(struct event_base *base);

/*
 * Replaces the programs, which run as `user`. Events that wait for a program with the same arguments as before are still delivered.
 * The list may be freed afterwards.
 */
void notify_configure(struct notify *notify, const struct notify_config *list, size_t count,
                      const struct spawn_user *user);

/*
 * Called when the daemon ends, after its loop: runs the loop again until every event was delivered, for 3 s at most, or until it
 * is broken off. Events that were not delivered are in the log.
 */
void notify_finish(struct notify *notify);

/* After everything that emits events was freed. NULL is allowed. */
void notify_free(struct notify *notify);

void notify_count(const struct notify *notify, struct notify_counts *counts);

#endif
