/* The messages of the client socket (shunt/protocol.h): reading a hello, sending a welcome. */
#ifndef SHUNT_PUBLISH_WELCOME_H
#define SHUNT_PUBLISH_WELCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a hello asked for, and the welcome will answer. */
struct welcome {
	uint32_t nonce;
	uint8_t status; /* SHUNT_STATUS_ */
};

/* Reads a message from a client. Returns false if it is not a hello. */
bool welcome_take_hello(struct welcome *welcome, const void *data, size_t size);

/*
 * Sends the welcome, with the descriptor of the table if the status is SHUNT_STATUS_OK. `table` is
 * -1 if there is none. Returns false and sets errno if nothing was sent; ENOENT: there is no table.
 */
bool welcome_send(const struct welcome *welcome, int fd, int table, bool settled);

/*
 * Whether an error of welcome_send() is temporary: too many descriptors in flight, out of memory,
 * or the client's queue is full.
 */
bool welcome_error_is_temporary(int error);

/* Whether the client has not read its welcome yet. */
bool welcome_is_unread(int fd);

#endif
