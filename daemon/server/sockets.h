/*
 * The sockets that the daemon listens on: the client socket, the report socket beside it, the
 * control socket and, if `http` is set, one TCP port.
 *
 * server opens them before it drops root's privileges, and closes them last.
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
	struct listener *reports; /* NULL if its path is too long */
	struct listener *control;
	int http; /* -1 if there is none */
};

/* Initial value: sockets_close() accepts it without sockets_open(). */
#define SOCKETS_NONE                                                                               \
	{                                                                                          \
		.http = -1                                                                         \
	}

/*
 * Opens the sockets at the paths in force, the control socket with `group`, whose members may make
 * changes (or LISTENER_OWN_GROUP); `config` has the lines of their settings. On failure returns
 * false, with one line on standard error; sockets_close() must be called in any case.
 */
bool sockets_open(struct sockets *sockets, const struct in_force *in_force,
                  const struct config *config, gid_t group);
void sockets_close(struct sockets *sockets);

#endif
