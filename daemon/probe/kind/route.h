/*
 * Does this host have a way to such addresses at all? A connect that is refused by our own kernel
 * at once is our fault where it has (a link is down), and a fact about the endpoint where it has
 * not (IPv6 on a host without it).
 *
 * "Such" is a kind of address: loopback, link-local, unique local (RFC 4193) and other IPv6,
 * loopback and other IPv4. A host has a way to a kind when an interface, up or not, has an address
 * of that kind, or when it once had: what an interface lost may come back.
 */
#ifndef SHUNT_PROBE_KIND_ROUTE_H
#define SHUNT_PROBE_KIND_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

/* One bit for the address's kind. Pure. */
unsigned route_kind(const struct address *address);

/* True also when it cannot be found out. What the interfaces say is kept for 1 s. */
bool route_exists(const struct address *address, uint64_t now_us);

/* A connect to it succeeded: from now on this host has a way to its kind. */
void route_worked(const struct address *address);

#endif
