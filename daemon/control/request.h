/* One request: its peer, its connection, and what has been received so far. */
#ifndef SHUNT_CONTROL_REQUEST_H
#define SHUNT_CONTROL_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/parts.h"

struct order;
struct orders;
struct peer;
struct reloading;
struct route;
struct sending;
struct slice;
struct streams;

#define REQUEST_BODY_MAX 4096u

struct request {
	const struct control_parts *parts;
	struct MHD_Connection *connection;
	struct peer *peer;
	const struct slice *slice; /* when the response may be produced */
	struct streams *streams;
	struct orders *orders;
	struct order *order;         /* NULL: not an order, or never deferred */
	struct reloading *reloading; /* NULL: no request to reload */
	struct sending *sending;     /* NULL: no order for the fleet */
	const struct route *route;
	bool is_head;
	char *name;       /* the record's name in the path; NULL: the route has none */
	char *body;       /* REQUEST_BODY_MAX bytes; NULL: no body received */
	size_t body_size; /* as received; what exceeds REQUEST_BODY_MAX is discarded */
};

/* A request of which only the header has arrived. Returns NULL if out of memory. */
struct request *request_new(const struct control_parts *parts, struct MHD_Connection *connection,
                            struct peer *peer, const struct slice *slice, struct streams *streams,
                            struct orders *orders);
void request_free(struct request *request);

/* Appends a part of the body. */
void request_body(struct request *request, const char *data, size_t size);

/* The value of a query parameter, owned by the request; NULL if absent. */
const char *request_argument(const struct request *request, const char *key);

#endif
