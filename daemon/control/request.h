/* One request: who asks, over which connection, and what has come of it so far. */
#ifndef SHUNT_CONTROL_REQUEST_H
#define SHUNT_CONTROL_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/parts.h"

struct order;
struct orders;
struct peer;
struct route;
struct slice;
struct streams;

#define REQUEST_BODY_MAX 4096u

struct request {
	const struct control_parts *parts;
	struct MHD_Connection *connection;
	struct peer *peer;
	const struct slice *slice; /* when its answer may be made */
	struct streams *streams;
	struct orders *orders;
	struct order *order; /* NULL: it is none, or was never held */
	const struct route *route;
	bool is_head;
	char *name; /* what stands in the path for a record's name; NULL: the route has none */
	char *body; /* REQUEST_BODY_MAX bytes; NULL: none came */
	size_t body_size; /* may exceed that: then the rest is lost */
};

/* A new request of which only the header has come; NULL: no memory. request_free() it. */
struct request *request_new(const struct control_parts *parts, struct MHD_Connection *connection,
                            struct peer *peer, const struct slice *slice, struct streams *streams,
                            struct orders *orders);
void request_free(struct request *request);

/* Appends a part of the body. */
void request_body(struct request *request, const char *data, size_t size);

/* A value of the query, which stays the request's; NULL: it has none of that key. */
const char *request_argument(const struct request *request, const char *key);

#endif
