/*
 * The sockets of c-ares: opened, connected, read and written here, so that shortages of this host
 * are detected and floods limited; watched by the event loop.
 */
#ifndef SHUNT_RESOLVE_SOCKETS_H
#define SHUNT_RESOLVE_SOCKETS_H

#include <ares.h>
#include <stdbool.h>
#include <stdint.h>

#include "resolve/conf.h"

struct event_base;
struct sockets_link;

struct sockets {
	struct event_base *base;
	const struct conf *conf; /* for the zones of its servers */
	/*
	 * Called when a socket is ready; the other descriptor is ARES_SOCKET_BAD. Must pass both to
	 * ares_process_fd().
	 */
	void (*ready)(void *arg, ares_socket_t readable, ares_socket_t writable);
	void *arg;
	struct sockets_link *links; /* the first one, or NULL */
	unsigned reads;             /* number left in this iteration of the loop */
	/* While `ready` runs: a server that is not on this host has sent something. */
	bool beyond;
	/* Number of failures since the start for lack of descriptors or memory. */
	uint64_t shortages;
};

/* Makes the channel use these sockets. Returns false on failure. */
bool sockets_attach(struct sockets *sockets, ares_channel channel);

/* The channel's sock_state_cb; `arg` is the struct sockets. */
void sockets_state(void *arg, ares_socket_t fd, int readable, int writable);

#endif
