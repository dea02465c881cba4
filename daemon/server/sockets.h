/*
 * The sockets that the daemon listens on: the client socket, the control socket and, where `http` is set, one TCP port.
 *
 * server opens them before it gives up root's privileges, and closes them last.
 */
#ifndef SHUNT_SERVER_SOCKETS_H
#define SHUNT_SERVER_SOCKETS_H

#include <stdbool.h>
#include <sys/types.h>

struct config;
struct in_force;
struct listener;

struct sockets {
	struct listener *client;
	struct listener *control;
	int http; /* -1: none */
};

/* What sockets_close() takes before sockets_open() was called. */
#define SOCKETS_NONE                                                                               \
	{                                                                                          \
		.http = -1                                                                         \
	}

/*
 * At the paths that are in force, the control socket with `group`, whose members may change things (or LISTENER_OWN_GROUP); `config` says where their settings stand. False, with one line on standard error:
 * sockets_close() all the same.
 */
bool sockets_open(struct sockets *sockets, const struct in_force *in_force,
                  const struct config *config, gid_t group);
void sockets_close(struct sockets *sockets);

#endif
