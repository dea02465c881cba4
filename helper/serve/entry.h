/*
 * The socket that a helper is asked over.
 *
 * systemd passes it (`Accept=yes`: the connection itself; `Accept=no`: a listening one), or the
 * helper makes it at a path, for hosts without systemd. Each connection is served by a process of
 * its own: what a caller sends can harm only itself, and a helper that serves has read the
 * configuration as it was when its caller connected. shunt-door, which keeps something between
 * connections, takes them itself: entry_listen(), then entry_accept().
 */
#ifndef SHUNT_HELPER_SERVE_ENTRY_H
#define SHUNT_HELPER_SERVE_ENTRY_H

#include <stddef.h>
#include <sys/types.h>

#define ENTRY_MOST 4u /* connections that are served at a time, of a listening socket */

/*
 * Returns a connection, non-blocking and close-on-exec, in the process that is to serve it. With a
 * listening socket it returns once for each connection, each time in a new process, which ends with
 * the one that listens; there it returns only on failure. Call it before there are threads, and
 * serve nothing but this connection.
 *
 * `path`: where to listen, absolute; NULL: the socket is systemd's. Members of `group` may connect
 * to the one that is made here. On failure returns -1 with `error` filled, in one line.
 */
int entry_connection(const char *path, gid_t group, char *error, size_t size);

/*
 * Returns the listening socket itself, non-blocking. Otherwise the same.
 */
int entry_listen(const char *path, gid_t group, char *error, size_t size);

/* Removes the socket that was made at a path; for a helper that ends before it serves. */
void entry_close(void);

/*
 * A connection of a listening socket, non-blocking and close-on-exec; -1 with errno. Where the host is
 * short of descriptors or memory it returns a moment later, so that a loop can call it again.
 */
int entry_accept(int listening);

#endif
