/*
 * A non-blocking connection to the control socket, for one request and its response.
 *
 * connection_open(); then connection_turn() whenever poll(2) says that connection_events() are there; connection_close().
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
 * Connects and keeps `request` (NULL: no memory), which it frees in any case. 0 or an errno; EAGAIN: the socket's queue is full, which is
 * worth another try. connection_close() in any case.
 */
int connection_open(struct connection *connection, const char *control, char *request,
                    bool (*body)(void *arg, const char *data, size_t size), void *arg);

/* What to wait for, as of poll(2). */
short connection_events(const struct connection *connection);

/* Sends and reads as much as possible, at most once each. HTTP_MORE: not finished yet. */
enum http_state connection_turn(struct connection *connection);

void connection_close(struct connection *connection);

#endif
