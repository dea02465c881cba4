/* One event that is being delivered to one notify program: its process, deadline and end. */
#ifndef SHUNT_NOTIFY_DELIVERY_H
#define SHUNT_NOTIFY_DELIVERY_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "notify/notifier.h"

struct delivery;
struct event_base;
struct notify_item;
struct spawn;
struct spawn_user;
struct spawner;

enum delivery_outcome {
	DELIVERY_DONE,   /* the program exited with status 0 */
	DELIVERY_FAILED, /* it ended otherwise */
	DELIVERY_UNRUN,  /* it could not be run, for a reason that will last */
	DELIVERY_TIMED_OUT,
	DELIVERY_KILLED,  /* by delivery_kill() */
	DELIVERY_SHORTAGE /* this host has run out of something: another try may succeed */
};

/*
 * Called once, from the loop or delivery_kill(); the delivery is freed afterwards. All outcomes
 * except DONE and SHORTAGE have been logged. `error`: errno of SHORTAGE.
 */
typedef void delivery_ended(struct delivery *delivery, enum delivery_outcome outcome, int error);

struct delivery {
	LIST_ENTRY(delivery) link; /* for the caller */
	struct notifier *notifier;
	struct notify_item *item;
	void *arg;

	/* Private. */
	delivery_ended *ended;
	struct spawn *spawn;
	struct event deadline;
};

LIST_HEAD(delivery_list, delivery);

/* Starts the program of the item's owner. Returns NULL with errno on failure. */
struct delivery *delivery_start(struct event_base *base, struct spawner *spawner,
                                const struct spawn_user *user, struct notify_item *item,
                                delivery_ended *ended, void *arg);

/* Logs `why`, and kills the program. */
void delivery_kill(struct delivery *delivery, const char *why);

#endif
