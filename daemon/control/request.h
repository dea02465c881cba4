/*
 * One request, from its first line to its answer: Host, path, method, rights, body, and then the route's function.
 */
#ifndef SHUNT_CONTROL_REQUEST_H
#define SHUNT_CONTROL_REQUEST_H

#include <microhttpd.h>
#include <stddef.h>

#include "control/control.h"
#include "control/peer.h"

struct route;
struct streams;

#define REQUEST_BODY_MAX 4096u

struct request {
	const struct control_parts *parts;
	struct MHD_Connection *connection;
	struct peer *peer;
	const struct slice *slice; /* when its answer may be made */
	struct streams *streams;
	const struct route *route;
	char *name; /* what stands in the path for a record's name; NULL: the route has none */
	char *body; /* REQUEST_BODY_MAX bytes; NULL: none came */
	size_t body_size; /* may exceed that: then the rest is lost */
};

/* A new request of which only the header has come; NULL: no memory. request_free() it. */
struct request *request_new(const struct control_parts *parts, struct MHD_Connection *connection,
                            struct peer *peer, const struct slice *slice, struct streams *streams);
void request_free(struct request *request);

/* Refuses what can be refused before the body comes, else MHD_YES. */
enum MHD_Result request_begin(struct request *request, const char *url, const char *method);

void request_body(struct request *request, const char *data, size_t size);

/* A value of the query, which stays the request's; NULL: it has none of that key. */
const char *request_argument(const struct request *request, const char *key);

/* Everything has come. */
enum MHD_Result request_end(struct request *request);

#endif
