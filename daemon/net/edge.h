/*
 * Watches sockets that live for a few events each, at the lowest cost: an epoll set of its own,
 * edge-triggered, in which a socket costs one system call from its first event to its close. The
 * loop sees the whole set as one descriptor.
 *
 * The prober creates one set; the probes' sockets are in it. An owner whose socket has events gets
 * all of them at once (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLERR, EPOLLHUP) and must act on all of
 * them: none is reported twice. Everything runs in the loop's thread; an owner may forget, pass on
 * or close any socket of the set from within its function.
 */
#ifndef SHUNT_NET_EDGE_H
#define SHUNT_NET_EDGE_H

#include <stdbool.h>
#include <stdint.h>

struct edge_set;
struct event_base;

/* `events` is of epoll(7). */
typedef void edge_ready(void *arg, int fd, uint32_t events);

/* Returns NULL if this host lacks descriptors or memory. */
struct edge_set *edge_set_new(struct event_base *base);
/* Closes no socket but the spare ones. NULL is allowed. */
void edge_set_free(struct edge_set *set);

/*
 * From now on ready(arg, fd, events) is called for a socket that is not in the set. Returns false,
 * with errno set, if this host cannot watch it.
 */
bool edge_add(struct edge_set *set, int fd, edge_ready *ready, void *arg);

/* The socket's next events go to a new owner. It must be in the set. */
void edge_pass(struct edge_set *set, int fd, edge_ready *ready, void *arg);

/*
 * For a socket that will be closed at once: its events no longer have an owner. No system call,
 * since the close takes it out of the set.
 */
void edge_forget(struct edge_set *set, int fd);

/* Takes the socket out of the set; it stays open. */
void edge_remove(struct edge_set *set, int fd);

/*
 * Spare sockets: of the set, unconnected, and kept for the next connection, since to make a socket
 * and to close it costs as much as to connect it.
 */
#define EDGE_SPARES_MAX 64u /* of each family */

/* `count`: how many are kept at most of each family; 0, as at the beginning: none. */
void edge_spare_limit(struct edge_set *set, unsigned count);

/*
 * Takes ownership of a socket of the set, and ends its connection with a reset. `family` is AF_INET
 * or AF_INET6 for a socket that may be kept, with the options that all spare ones have; 0 for one
 * that is closed in any case.
 */
void edge_recycle(struct edge_set *set, int fd, int family);

/*
 * Returns a spare socket for edge_pass(), or -1 if there is none. There is none while events are
 * being delivered either: one of them may be of that socket's previous connection.
 */
int edge_take(struct edge_set *set, int family);

#endif
