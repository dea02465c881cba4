/*
 * A non-blocking connection to the control socket, for one request and its response.
 *
 * Usage: connection_open(); then connection_turn() whenever poll(2) reports connection_events();
 * connection_close().
 */
#ifndef SHUNT_CLI_API_CONNECTION_H
#define SHUNT_CLI_API_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "api/http.h"

struct connection {
	int fd; /* -1: not open */
	char *request;
	size_t size, sent;
	struct http_reader reader;
};

/*
 * Connects and stores `request`, which it frees in any case (NULL: out of memory). Returns 0 or an
 * errno; EAGAIN: the socket's queue is full, and a retry may succeed. connection_close() is always
 * required.
 */
int connection_open(struct connection *connection, const char *control, char *request,
                    bool (*body)(void *arg, const char *data, size_t size), void *arg);

/* The events to wait for, as in poll(2). */
short connection_events(const struct connection *connection);

/* Sends and reads as much as possible, at most once each. HTTP_MORE: not finished yet. */
enum http_state connection_turn(struct connection *connection);

void connection_close(struct connection *connection);

#endif
