/*
 * The session with etcd: one member at a time, the lease, this host's key, and the changes of all keys.
 *
 *   (log in) → keep the lease or get one → read all keys, unless the changes go on → follow the changes
 *   → write this host's key; the lease is kept every third of its time, a long one every half
 *
 * Whatever fails ends all of that, and the next member is asked, after a whole round with a pause. What
 * is known stays known meanwhile; after as long as a lease lasts without an answer, etcd is lost.
 */
#ifndef SHUNT_FLEET_SESSION_H
#define SHUNT_FLEET_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "fleet/reply.h"
#include "fleet/terms.h"

struct event_base;
struct session;

/* All called from the loop; they must not call the session, except session_write(). */
struct session_user {
	void (*begin)(void *arg); /* keys that are not seen before `end` are gone */
	void (*key)(void *arg, const struct reply_key *key);
	void (*end)(void *arg);
	void (*malformed)(void *arg, size_t count);
	/* Whether this run has written that value of this host's key. */
	bool (*is_own)(void *arg, const struct reply_key *key);
	char *(*own)(void *arg); /* the value to write; the caller frees it */
	/* The state, or whether the name is taken, has changed. */
	void (*changed)(void *arg);
	void *arg;
};

/* `config` and `counts` must outlive it. NULL if there is no memory. */
struct session *session_new(struct event_base *base, const struct fleet_config *config,
                            const struct session_user *user, struct fleet_counts *counts);

/* With `leave`, as when the daemon ends: this host's key goes now, not when its lease ends. */
void session_free(struct session *session, bool leave);

/* What is to be written has changed. Changes at one moment are written together. */
void session_write(struct session *session);

void session_link(const struct session *session, struct fleet_link *link);

/*
 * Writes a key below the prefix, as "orders/www.example.com", for `seconds` (0: for good). Returns false
 * with `error` filled if there is no member to ask now.
 */
bool session_order(struct session *session, const char *key, const char *value, uint32_t seconds,
                   fleet_done *done, void *arg, char error[FLEET_ERROR_MAX]);
void session_forget(struct session *session, const void *arg);

#endif
