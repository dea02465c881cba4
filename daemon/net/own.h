/*
 * Whether an address belongs to this host, that is, to this network namespace. Reads the kernel's
 * routing table by connecting; nothing is sent.
 */
#ifndef SHUNT_NET_OWN_H
#define SHUNT_NET_OWN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/address.h"

/*
 * Whether these are the ends of a connection that does not leave this host: a connection to an address
 * of this host comes from that same address, unless it is bound to another one.
 */
bool own_ends(const struct sockaddr *own, const struct sockaddr *peer);

/* The same for a connected socket; true if that cannot be determined. */
bool own_peer(int fd);

/* Whether this host has that address; true if that cannot be determined. */
bool own_address(const struct address *address);

#endif
