/*
 * Listening Unix sockets that survive crashes: a lock file beside the socket says whether a daemon lives. server/sockets calls this at
 * the start, before there are threads, and closes them last.
 *
 * PATH.lock is locked for as long as the daemon lives, and is not removed before. A daemon that has the lock may replace a socket
 * that a dead daemon left; what is not a socket, or still accepts connections, is left alone.
 */
#ifndef SHUNT_NET_LISTENER_H
#define SHUNT_NET_LISTENER_H

#include <stddef.h>
#include <sys/types.h>

struct listener;

#define LISTENER_OWN_GROUP ((gid_t)-1)

/*
 * `type` is SOCK_STREAM or SOCK_SEQPACKET; `mode` the socket's permissions; `group` its group, which only root may choose. The socket
 * has both from the moment it is made. All work is done below a descriptor of the folder: it may belong to a user who replaces paths
 * by links to other files meanwhile. NULL with `error` filled: what is wrong and the cure, in one line that the caller prefixes with
 * file, line and setting.
 */
struct listener *listener_open(const char *path, int type, mode_t mode, gid_t group, char *error,
                               size_t size);

/* Non-blocking, close-on-exec; stays the listener's. */
int listener_fd(const struct listener *listener);

/* Closes and removes the socket, if it is still ours, and the lock file. */
void listener_close(struct listener *listener);

#endif
