/*
 * Listening Unix sockets that survive crashes: a lock file beside the socket says who is alive.
 *
 * PATH.lock is locked for as long as the daemon lives and is never removed while it does. Whoever holds the lock may replace
 * what a dead daemon left behind; anything that is not a socket, or that somebody still answers on, is left alone.
 */
#ifndef SHUNT_NET_LISTENER_H
#define SHUNT_NET_LISTENER_H

#include <stddef.h>
#include <sys/types.h>

struct listener;

#define LISTENER_OWN_GROUP ((gid_t)-1)

/*
 * `type` is SOCK_STREAM or SOCK_SEQPACKET; `mode` the socket's permissions; `group` its group, which only root may choose. Both are given
 * to it as it is made, not afterwards by its path: the folder may belong to a user who replaces it by a link to another file meanwhile. NULL with `error` filled: what is wrong
 * and the cure, in one line that the caller prefixes with file, line and setting.
 */
struct listener *listener_open(const char *path, int type, mode_t mode, gid_t group, char *error,
                               size_t size);

/* Non-blocking, close-on-exec; stays the listener's. */
int listener_fd(const struct listener *listener);

/* Closes and removes the socket, if it is still ours, and the lock file. */
void listener_close(struct listener *listener);

#endif
