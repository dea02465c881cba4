/*
 * The clients connected to a listener of the control API: their number, credentials and deadlines.
 *
 * control passes each accepted descriptor to libmicrohttpd, and calls peer_strike() when
 * libmicrohttpd is about to close it.
 */
#ifndef SHUNT_CONTROL_PEER_H
#define SHUNT_CONTROL_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/log.h"

struct event;
struct event_base;

struct peer {
	TAILQ_ENTRY(peer) link;
	int fd;            /* owned by libmicrohttpd */
	struct ucred cred; /* uid -1: unknown, as on TCP */
	uint64_t deadline_ms;
	bool cut;
	bool stays; /* the response is endless, so there is no deadline */
};

struct peers {
	/* Takes ownership of the descriptor. Returns false if it is already closed. */
	bool (*take)(void *arg, int fd, const struct sockaddr *address, socklen_t length);
	/* Called after peers were added or have passed their deadline. */
	void (*turn)(void *arg);
	void *arg;
	bool tcp;

	/* Private. */
	struct event *listening; /* on the caller's descriptor */
	struct event *deadline;  /* of the oldest peer */
	struct event *retry;
	TAILQ_HEAD(peer_list, peer) list; /* oldest first */
	size_t count, limit;
	struct log_throttle warned; /* about accept() */
};

/* The maximum number of connections. */
size_t peer_limit(bool tcp);

/* The caller has set the fields up to `tcp`. Call peers_free() even if this fails. */
bool peers_start(struct peers *peers, struct event_base *base, int fd);
void peers_free(struct peers *peers);

/* The peer with that descriptor, or NULL. */
struct peer *peer_find(const struct peers *peers, int fd);
/* True for root and the daemon's own uid, and for every peer over TCP. */
bool peer_is_trusted(const struct peers *peers, const struct peer *peer);

/* Removes the peer's deadline. */
void peer_stays(struct peer *peer);

/* Removes and frees the peer; the descriptor is not closed. */
void peer_strike(struct peers *peers, struct peer *peer);

#endif
