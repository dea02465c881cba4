/*
 * Packets of a helper's connection. The connection is non-blocking; every wait has a bound.
 */
#ifndef SHUNT_HELPER_SERVE_PACKET_H
#define SHUNT_HELPER_SERVE_PACKET_H

#include <stdbool.h>
#include <stddef.h>

/* A caller that has not taken a reply for this long is given up. */
#define PACKET_WRITE_MS 2000

enum packet_result {
	PACKET_READ,
	PACKET_NONE,  /* nothing is there now */
	PACKET_WRONG, /* another size than asked for; it was dropped */
	PACKET_END    /* the caller is gone, or the connection broke */
};

/* Reads one packet of exactly `size` bytes. Descriptors that came with it are closed. */
enum packet_result packet_read(int connection, void *packet, size_t size);

/*
 * Returns false, with errno, if the caller is gone (EPIPE, ECONNRESET; what it said before can
 * still be read) or does not read.
 */
bool packet_write(int connection, const void *packet, size_t size);

#endif
