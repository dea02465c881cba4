/*
 * The socket of a connection to an address that is checked, with what the check requests of it: the
 * source address or interface. Used by every network probe, and by the connections that are watched.
 *
 * The socket is non-blocking, close-on-exec, and closes with a reset (SO_LINGER {1, 0}), so that no
 * TIME_WAIT remains.
 */
#ifndef SHUNT_PROBE_KIND_DIAL_H
#define SHUNT_PROBE_KIND_DIAL_H

#include <stdbool.h>

#include "base/address.h"
#include "config/config.h"

/* A socket for addresses of that family; owned by the caller. Returns -1 with errno. */
int dial_socket(const struct address *address);

/*
 * Binds it as the check requests. The port is chosen by connect(), which may use one port for many
 * peers. Returns false with errno.
 */
bool dial_bind(const struct check *check, int fd);

/* Begins to connect to the address and the check's port. Returns false with errno. */
bool dial_begin(const struct check *check, const struct address *address, int fd);

#endif
