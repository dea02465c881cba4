/*
 * Tells programs of events: one run for each event and each program that is told of its type.
 *
 *   notify           who is told of what, and what became of it
 *   notify_queue     what waits: order, turns, bounds; pure
 *   notify_program   what a program is given
 *
 * main makes it before whatever emits events, and configures it; so does each reload. Nothing here waits, and nothing here is an
 * event, so that nobody is told of what telling does.
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

/* Tells nobody yet. NULL with errno. */
struct notify *notify_new(struct event_base *base);

/*
 * Whom to tell from now on, as `user`. What waits for a program that is there as before, with the same arguments, still comes. The
 * list may go afterwards.
 */
void notify_configure(struct notify *notify, const struct notify_config *list, size_t count,
                      const struct spawn_user *user);

/*
 * At the daemon's end, when its loop has: the loop turns again until everything has been told, for 3 s at most, or until
 * somebody ends it. The log has what was not told.
 */
void notify_finish(struct notify *notify);

/* After whatever emits events. NULL is taken. */
void notify_free(struct notify *notify);

void notify_count(const struct notify *notify, struct notify_counts *counts);

#endif
