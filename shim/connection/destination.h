/* Socket addresses ↔ addresses as the table has them. Pure. */
#ifndef SHUNT_SHIM_DESTINATION_H
#define SHUNT_SHIM_DESTINATION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shunt/table.h"

/* Where a program wants to connect to. */
struct destination {
	struct shunt_address address; /* a plain one, without flags */
	uint16_t port;                /* network byte order */
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} place; /* as the program wrote it */
	socklen_t size;
};

/*
 * Returns false if that is no complete address of IPv4 or IPv6. `address` is the program's, with
 * `size` bytes.
 */
bool destination_read(struct destination *destination, const struct sockaddr *address,
                      socklen_t size);

/*
 * The same destination at another address of its family: the port and what else the program wrote
 * stay.
 */
void destination_move(struct destination *destination, const struct shunt_address *address);

/*
 * IPv4 for an address of ::ffff:0:0/96 (RFC 4291 2.5.5.2), which for the kernel is the same; any
 * other as it is.
 */
struct shunt_address destination_plain(const struct shunt_address *address);

/* Whether both are the same address, whatever their flags. */
bool destination_is(const struct shunt_address *one, const struct shunt_address *other);

#endif
