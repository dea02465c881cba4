/*
 * Listening Unix sockets that can be reused after a crash: a lock file next to the socket shows
 * whether a daemon is running. Called by server/sockets at the start, before there are threads;
 * closed last.
 *
 * PATH.lock is locked for the lifetime of the daemon, and is not removed earlier. A daemon that
 * holds the lock may replace a socket left by a daemon that has died; a file that is not a socket,
 * or that still accepts connections, is left alone.
 */
#ifndef SHUNT_NET_LISTENER_H
#define SHUNT_NET_LISTENER_H

#include <stddef.h>
#include <sys/types.h>

struct listener;

#define LISTENER_OWN_GROUP ((gid_t)-1)

/*
 * `type` is SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM, which is only bound; `mode` is the socket's
 * permissions; `group` is its group, which only root may choose. The socket has both from its
 * creation. All operations are relative to a descriptor of the folder, because it may belong to a
 * user who replaces paths by links to other files meanwhile. On failure returns NULL with `error`
 * filled: the problem and the cure, in one line that the caller prefixes with file, line and
 * setting.
 */
struct listener *listener_open(const char *path, int type, mode_t mode, gid_t group, char *error,
                               size_t size);

/* Non-blocking, close-on-exec; owned by the listener. */
int listener_fd(const struct listener *listener);

/* Closes the socket, and removes it if it is still the one created here, and the lock file. */
void listener_close(struct listener *listener);

#endif
