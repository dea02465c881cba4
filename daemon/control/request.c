#include "control/request.h"

#include <stdlib.h>
#include <string.h>

struct request *request_new(const struct control_parts *parts, struct MHD_Connection *connection,
                            struct peer *peer, const struct slice *slice, struct streams *streams,
                            struct orders *orders)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->parts = parts;
	request->connection = connection;
	request->peer = peer;
	request->slice = slice;
	request->streams = streams;
	request->orders = orders;
	return request;
}

void request_free(struct request *request)
{
	free(request->name);
	free(request->body);
	free(request);
}

const char *request_argument(const struct request *request, const char *key)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, key);
}

void request_body(struct request *request, const char *data, size_t size)
{
	size_t room =
	        request->body_size < REQUEST_BODY_MAX ? REQUEST_BODY_MAX - request->body_size : 0;

	if (!request->body)
		request->body = malloc(REQUEST_BODY_MAX);
	if (request->body && room)
		memcpy(request->body + request->body_size, data, size < room ? size : room);
	request->body_size += size;
}
