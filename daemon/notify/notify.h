/*
 * Runs the notify programs: once for each event and each program configured for its type.
 *
 *   notify           selects the programs for an event and starts them
 *   notify/notifier  the configured programs
 *   notify/delivery  one event for one program, until it ends
 *   notify/queue     pending events: order, turns, limits; pure
 *   notify/program   arguments, environment and input of a program
 *
 * Created before anything emits events; configured at the start and by each reload. It never
 * blocks, and never emits an event, so a notification cannot cause another one.
 */
#ifndef SHUNT_NOTIFY_NOTIFY_H
#define SHUNT_NOTIFY_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct notify;
struct notify_config;
struct spawn_user;

/* Counted since the start, except `waiting` and `running`, which are current values. */
struct notify_counts {
	uint64_t delivered; /* the program exited with status 0 */
	uint64_t failed;    /* it ended otherwise, or could not be run */
	uint64_t timed_out;
	uint64_t
	        dropped; /* the queue was full, or the program was removed from the configuration */
	uint64_t waiting;
	uint64_t running;
};

/* Has no programs until notify_configure(). Returns NULL and sets errno on failure. */
struct notify *notify_new(struct event_base *base);

/*
 * Replaces the programs, which run as `user`. Events pending for a program whose arguments are the
 * same as before are still delivered. The list may be freed afterwards.
 */
void notify_configure(struct notify *notify, const struct notify_config *list, size_t count,
                      const struct spawn_user *user);

/*
 * Called when the daemon ends, after its loop: runs the loop again until every event was delivered,
 * 3 s have passed, or event_base_loopbreak() is called. Events not delivered are logged.
 */
void notify_finish(struct notify *notify);

/* Called after everything that emits events was freed. NULL is allowed. */
void notify_free(struct notify *notify);

void notify_count(const struct notify *notify, struct notify_counts *counts);

#endif
