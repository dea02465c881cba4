/*
 * Whether this host has a route to addresses of a given kind at all. If our own kernel refuses a
 * connect at once, this is a fault of this host if it has one (a link is down), and otherwise a
 * property of the endpoint (IPv6 on a host without it).
 *
 * The kinds of address are loopback, link-local, unique local (RFC 4193) and other IPv6, loopback
 * and other IPv4. A host has a route to a kind if an interface, up or not, has an address of that
 * kind, or if it once had: an address that an interface has lost may come back.
 */
#ifndef SHUNT_PROBE_KIND_ROUTE_H
#define SHUNT_PROBE_KIND_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

/* A single bit for the kind of the address. Pure. */
unsigned route_kind(const struct address *address);

/* Also true if it cannot be determined. The list of interface addresses is cached for 1 s. */
bool route_exists(const struct address *address, uint64_t now_us);

/* A connect to the address succeeded: from now on this host has a route to its kind. */
void route_worked(const struct address *address);

#endif
