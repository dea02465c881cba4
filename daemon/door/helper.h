/*
 * The connection to the helper that attaches doors: kept open, and tried again after a tenth of a
 * second, then at longer and longer intervals. What is sent waits while the helper is busy; nothing
 * blocks the loop.
 *
 * The owner is notified of a new connection, to which it sends everything anew.
 */
#ifndef SHUNT_DOOR_HELPER_H
#define SHUNT_DOOR_HELPER_H

#include <stdbool.h>
#include <stddef.h>

#include "shunt/door.h"

struct event_base;
struct helper;

struct helper_owner {
	void (*connected)(void *arg);
	/* `why`: as text. Also called when a connection could not be made. */
	void (*lost)(void *arg, const char *why);
	void (*told)(void *arg, const struct shunt_door_reply *reply);
	void *arg;
};

/* The owner must outlive it. */
struct helper *helper_new(struct event_base *base, const struct helper_owner *owner);
void helper_free(struct helper *helper);

/*
 * Connects to the socket, unless it is connected to it, and again whenever the connection is lost;
 * until helper_close(). `path`: at most 107 bytes; copied.
 */
void helper_open(struct helper *helper, const char *path);
void helper_close(struct helper *helper);
bool helper_is_connected(const struct helper *helper);

/* Queue a packet; without a connection it is dropped. */
void helper_begin(struct helper *helper);
void helper_change(struct helper *helper, const struct shunt_door_change *changes, size_t count);
void helper_commit(struct helper *helper);

#endif
