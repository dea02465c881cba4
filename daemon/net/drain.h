/*
 * Sockets of finished connections: incoming data is read and discarded until the peer closes, so
 * that our close does not reset anything that a server is still writing, and the server, which
 * closes first, logs no error. Limited by DRAIN_MS, DRAIN_BYTES and DRAIN_SOCKETS; after the time
 * limit the close is an orderly one (FIN), beyond the other limits it is a reset.
 *
 * The sockets are non-blocking and have SO_LINGER {1, 0}: once the peer has closed, no TIME_WAIT
 * remains on either side.
 */
#ifndef SHUNT_NET_DRAIN_H
#define SHUNT_NET_DRAIN_H

struct edge_set;
struct event_base;
struct drain;

#define DRAIN_MS 100u
#define DRAIN_BYTES 65536u
#define DRAIN_SOCKETS 256u /* at one time */

/* `edges` must outlive it. Returns NULL if out of memory. */
struct drain *drain_new(struct event_base *base, struct edge_set *edges);
/* Closes the remaining sockets. NULL is allowed. */
void drain_free(struct drain *drain);

/* Takes ownership of a socket that is not in the edge set. */
void drain_socket(struct drain *drain, int fd);

/*
 * The same for one that is, and whose events have all been acted on. `family` is that of
 * edge_recycle(), which gets the socket in the end.
 */
void drain_watched(struct drain *drain, int fd, int family);

#endif
