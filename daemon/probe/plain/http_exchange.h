/*
 * One request and its answer on a connected socket, without libcurl: one write, and a read for each
 * piece that arrives. http.c starts it for what http_request can write, and asks again over libcurl
 * where http_parser finds the answer unusual.
 */
#ifndef SHUNT_PROBE_PLAIN_HTTP_EXCHANGE_H
#define SHUNT_PROBE_PLAIN_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/plain/http_parser.h"

struct drain;
struct session;

/* Embedded in its owner. Zeroed, it is not under way. */
struct http_exchange {
	struct session *session; /* NULL: not under way */
	struct drain *drain;
	/*
	 * The exchange is over: the parser's `reading` is DONE or UNUSUAL. The socket has been
	 * given away.
	 */
	void (*done)(struct http_exchange *exchange);
	struct http_parser parser;
	uint64_t first_us; /* when the first byte arrived; 0: none has */
	int error;         /* errno that ended the connection; 0: none */
};

/*
 * The owner has set `session`, `drain` and `done`, initialised `parser`, and had no events of the
 * socket since `events`. done() may be called before this returns.
 */
void http_exchange_start(struct http_exchange *exchange, const char *request, size_t size,
                         uint32_t events);

/* Frees what the exchange holds, but not the socket. */
void http_exchange_free(struct http_exchange *exchange);

#endif
