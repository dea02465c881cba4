/*
 * Orders on their way to etcd: for one with a time limit a lease first, then the key. Each ends by its
 * fleet_done, whatever becomes of the session meanwhile.
 */
#ifndef SHUNT_FLEET_OUTBOX_H
#define SHUNT_FLEET_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fleet/etcd.h"
#include "fleet/terms.h"

struct outbox_order;

struct outbox {
	struct etcd *etcd;
	const char *prefix; /* of keys, with '/' behind it */
	const char *user;   /* etcd's; NULL: none */
	char *const *token; /* where the present one stands */
	TAILQ_HEAD(, outbox_order) orders;
};

/* What it is given must outlive it. */
void outbox_init(struct outbox *outbox, struct etcd *etcd, const char *prefix, const char *user,
                 char *const *token);

/*
 * Asks `member`. `key` is below the prefix; `seconds` 0: for good. Returns false with `error` filled if
 * the call cannot be made; then `done` is not called.
 */
bool outbox_send(struct outbox *outbox, const char *member, const char *key, const char *value,
                 uint32_t seconds, fleet_done *done, void *arg, char error[FLEET_ERROR_MAX]);

/* Its `done` is not called any more. */
void outbox_forget(struct outbox *outbox, const void *arg);

/* Stops all, and says why; they may have been carried out. */
void outbox_end(struct outbox *outbox, const char *why);

#endif
