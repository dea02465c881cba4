/*
 * A connection to shunt-reset(8): packets of shunt/reset.h, never waited for.
 *
 * link_new() begins to connect. `ready` is called once the helper has said that it works, then
 * `reply` for each reply. `ended` is called once, when the connection cannot be made, breaks, is
 * refused or stays silent at its begin; the owner then frees the link, in that call or later.
 */
#ifndef SHUNT_RESET_LINK_H
#define SHUNT_RESET_LINK_H

#include <stdbool.h>

#include "shunt/reset.h"

struct event_base;
struct link;

struct link_events {
	void (*ready)(void *arg);
	void (*reply)(void *arg, const struct shunt_reset_reply *reply);
	/* `why`: one line, printable; valid during the call. */
	void (*ended)(void *arg, const char *why);
	void *arg;
};

/* `ended` is never called before this has returned. The path is copied. */
struct link *link_new(struct event_base *base, const char *path, const struct link_events *events);
/* NULL is allowed. No callback follows. */
void link_free(struct link *link);

bool link_is_ready(const struct link *link);

/* Resets a second, as the helper said; at least 1. */
uint32_t link_rate(const struct link *link);

/* Replaces `ended`. */
void link_set_ended(struct link *link, void (*ended)(void *arg, const char *why));

/* False if the helper does not read: the packet was not sent. Only while it is ready. */
bool link_send(const struct link *link, const struct shunt_reset_request *request);

#endif
