/*
 * A list of connections, each by what the kernel knows it by: its addresses and ports, and a cookie
 * that no other socket gets before the host restarts.
 */
#ifndef SHUNT_HELPER_RESET_SNAPSHOT_H
#define SHUNT_HELPER_RESET_SNAPSHOT_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For one request, and for all that are not done: memory of 60 bytes each. */
#define SNAPSHOT_MAX 65536u

struct snapshot_entry {
	uint8_t family; /* AF_INET, AF_INET6: of the socket, not of the peer */
	struct inet_diag_sockid id;
};

struct snapshot {
	struct snapshot_entry *entries;
	size_t count, room;
	size_t kept;  /* found, and not listed: they cannot be reset */
	size_t total; /* found in all */
};

/* Returns false if there is no memory, or SNAPSHOT_MAX is reached; `total` counts it all the same. */
bool snapshot_add(struct snapshot *snapshot, uint8_t family, const struct inet_diag_sockid *id);

void snapshot_free(struct snapshot *snapshot);

#endif
