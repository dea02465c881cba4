/* Which addresses a family gets, as glibc reads them from /etc/hosts. Shared by all that build results. */
#ifndef SHUNT_SHIM_FAMILY_H
#define SHUNT_SHIM_FAMILY_H

#include <stdbool.h>

#include "shunt/table.h"

/*
 * The address that AF_INET gets from this one: itself, the IPv4 one that is mapped in it, 127.0.0.1 for ::1; else NULL.
 * One that had to be made is in `room`.
 */
const struct shunt_address *family_as_ipv4(const struct shunt_address *address,
                                           struct shunt_address *room);

/* ::ffff:0:0/96 (RFC 4291 2.5.5.2). `address` is of IPv6. */
bool family_is_mapped(const struct shunt_address *address);

#endif
