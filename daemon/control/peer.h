/*
 * The clients connected to a listener of the control API: their number, credentials and deadlines.
 *
 * control passes each accepted descriptor to libmicrohttpd, and calls peer_strike() when
 * libmicrohttpd is about to close it.
 */
#ifndef SHUNT_CONTROL_PEER_H
#define SHUNT_CONTROL_PEER_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "net/acceptor.h"
#include "net/places.h"

struct event_base;

struct peer {
	TAILQ_ENTRY(peer) link;
	int fd;            /* owned by libmicrohttpd */
	struct ucred cred; /* uid -1: unknown, as on TCP */
	struct place_user *place;
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
	struct acceptor acceptor;
	struct places places;
	struct event deadline;            /* of the oldest peer */
	TAILQ_HEAD(peer_list, peer) list; /* oldest first */
};

/* The maximum number of connections; after peers_start(). */
unsigned peers_limit(const struct peers *peers);

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
