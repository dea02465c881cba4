/*
 * Accepts connections on a listening socket, in the event loop: a bounded number in one iteration,
 * and with a pause after accept() has failed for lack of descriptors or memory.
 *
 * With a reserve descriptor, connections are still accepted when descriptors have run out: one at a
 * time, a guest. The next one is accepted after acceptor_guest_left().
 */
#ifndef SHUNT_NET_ACCEPTOR_H
#define SHUNT_NET_ACCEPTOR_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/log.h"

struct acceptor_connection {
	int fd; /* non-blocking, close-on-exec; owned by the callee */
	bool guest;
	socklen_t length;
	struct sockaddr_storage address;
};

/* What the owner of the acceptor sets before acceptor_start(). */
struct acceptor_owner {
	void (*accepted)(void *arg, const struct acceptor_connection *connection);
	/* Called at the end of each iteration in which connections were waiting; may be NULL. */
	void (*turn)(void *arg);
	void *arg;
	const char *name; /* of the socket, for the line about a pause; NULL: none is logged */
	unsigned accepts; /* at most, in one iteration */
};

struct acceptor {
	struct acceptor_owner owner;

	/* Private. */
	struct event listening;
	struct event resume;
	struct log_throttle warned;
	int fd;
	int reserve;  /* -1: used by a guest, could not be opened, or there is none */
	bool guests;  /* guests are accepted */
	bool guest;   /* one is connected */
	bool stopped; /* by acceptor_stop() */
};

/*
 * Opens a reserve descriptor, before all other descriptors: a lower number means that connections
 * are still accepted under a lower limit set while the daemon runs. -1 if none can be opened.
 */
int acceptor_reserve(void);

/*
 * `fd` is a listening, non-blocking socket, still owned by the caller. `guests`: `reserve` is owned
 * by the callee from here on; otherwise it is ignored. Returns false if out of memory;
 * acceptor_end() must be called nevertheless.
 */
bool acceptor_start(struct acceptor *acceptor, const struct acceptor_owner *owner,
                    struct event_base *base, int fd, bool guests, int reserve);
/* Allowed for a struct of zeros that was never started. */
void acceptor_end(struct acceptor *acceptor);

/* No connection is accepted until acceptor_go(): the others wait in the kernel. */
void acceptor_stop(struct acceptor *acceptor);
void acceptor_go(struct acceptor *acceptor);

/* Called after the guest's descriptor was closed. */
void acceptor_guest_left(struct acceptor *acceptor);

#endif
