/*
 * Who is connected to a listener of the control API: how many may be, each one's credentials and deadline.
 *
 * control hands each accepted descriptor on to libmicrohttpd, and strikes a peer off when libmicrohttpd is about to close it.
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
	int fd;            /* libmicrohttpd's */
	struct ucred cred; /* uid -1: unknown, as on TCP */
	uint64_t deadline_ms;
	bool cut;
	bool stays; /* its answer has no end, so it has no deadline */
};

struct peers {
	/* Takes the descriptor over. False: it is closed already. */
	bool (*take)(void *arg, int fd, const struct sockaddr *address, socklen_t length);
	/* Called when peers are new or past their deadline. */
	void (*turn)(void *arg);
	void *arg;
	bool tcp;

	/* From here on its own. */
	struct event *listening; /* on the caller's descriptor */
	struct event *deadline;  /* of the oldest */
	struct event *retry;
	TAILQ_HEAD(peer_list, peer) list; /* the oldest first */
	size_t count, limit;
	struct log_throttle warned; /* of accept() */
};

/* How many connections there may be. */
size_t peer_limit(bool tcp);

/* With the first fields filled. False: it cannot start; then peers_free() all the same. */
bool peers_start(struct peers *peers, struct event_base *base, int fd);
void peers_free(struct peers *peers);

/* The peer whose descriptor it is; NULL. */
struct peer *peer_find(const struct peers *peers, int fd);
/* Root, or our own uid; over TCP every peer. */
bool peer_is_trusted(const struct peers *peers, const struct peer *peer);

/* From now on it has no deadline. */
void peer_stays(struct peer *peer);

void peer_strike(struct peers *peers, struct peer *peer);

#endif
