/*
 * Which addresses each family gets, following glibc's reader of /etc/hosts. Shared by all code that
 * builds results.
 */
#ifndef SHUNT_SHIM_FAMILY_H
#define SHUNT_SHIM_FAMILY_H

#include <stdbool.h>

#include "shunt/table.h"

/*
 * The address that AF_INET gets for this one: itself, the IPv4 address mapped in it, 127.0.0.1 for
 * ::1; otherwise NULL. An address that has to be created is stored in `room`.
 */
const struct shunt_address *family_as_ipv4(const struct shunt_address *address,
                                           struct shunt_address *room);

/* ::ffff:0:0/96 (RFC 4291 2.5.5.2). `address` is IPv6. */
bool family_is_mapped(const struct shunt_address *address);

#endif
