/*
 * The client socket: passes the table to every process that sends a hello (shunt/protocol.h).
 *
 *   clients          accepts connections, decides who may have one
 *   client           one connection
 *   welcome          the messages
 *   clients_counts   what is counted
 *   net/acceptor, net/places   accepting, and sharing places between uids
 *
 * A connection is held until its client closes it: at most 64 for each uid (1,024 for root). The
 * next 256 of that uid wait without an answer, in order, and any more are closed at once. All
 * clients together get a quarter of RLIMIT_NOFILE (its value when clients_new() is called), uids
 * other than root three quarters of that, and one uid half. Once half of the places are taken, the
 * rest is shared out (net/places.h): a uid without a connection gets one as long as its owner in
 * /etc/subuid has none and a place is free, or as connections of another uid are waiting. A
 * connection that sends anything other than a hello, or nothing for SHUNT_HELLO_MS, is closed. When
 * descriptors have run out, clients are served one at a time on a reserve descriptor.
 */
#ifndef SHUNT_PUBLISH_CLIENTS_H
#define SHUNT_PUBLISH_CLIENTS_H

#include <stdbool.h>

#include "publish/clients_counts.h"

struct event_base;
struct clients;

/*
 * Returns the descriptor of the current table, and whether it has settled; -1 if there is none. The
 * descriptor stays owned by the callee.
 */
typedef int clients_table(void *arg, bool *settled);

/*
 * Opens the reserve descriptor for clients_new(). It is opened before all other descriptors: a
 * lower number means that clients can still attach under a lower limit set while the daemon runs.
 * Returns -1 if none can be opened.
 */
int clients_reserve(void);

/*
 * `fd` is a listening socket (SOCK_SEQPACKET, non-blocking), still owned by the caller; `reserve`
 * is owned by the callee from here on.
 */
struct clients *clients_new(struct event_base *base, int fd, int reserve, clients_table *table,
                            void *arg);
/* Valid as long as the clients object. */
const struct clients_counts *clients_counts(const struct clients *clients);
void clients_free(struct clients *clients);

#endif
