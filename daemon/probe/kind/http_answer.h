/*
 * Derives the state of an endpoint from an HTTP answer, or from the lack of one. Pure: libcurl's
 * results are passed in as arguments.
 *
 * http.c passes the header lines and pieces of the body as libcurl delivers them, and requests the
 * ending when the transfer is over. All calls for one answer must use the same check.
 */
#ifndef SHUNT_PROBE_KIND_HTTP_ANSWER_H
#define SHUNT_PROBE_KIND_HTTP_ANSWER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "probe/kind/body.h"
#include "probe/kind/ending.h"

struct trust_peer;

#define HTTP_ANSWER_HEADERS_MAX 16384u /* bytes, including interim answers and trailers */

struct http_answer {
	struct body_search search; /* without a window: the body is not searched */
	size_t header_bytes;
	struct body_codings codings;
	long status;
	bool header_found; /* the header expected by the check has been found, if there is one */
	bool headers_done; /* up to the empty line of the final answer */
	bool is_plain;     /* the body is searched as received, without decoding */
};

/* How a transfer ended. */
struct http_end {
	CURLcode code;
	int error;                     /* errno of the connection; 0 if there was none */
	bool has_answer;               /* at least one byte of an answer was received */
	const struct trust_peer *peer; /* NULL without TLS */
};

/* Returns false if out of memory. */
bool http_answer_init(struct http_answer *answer, const struct check *check);
void http_answer_free(struct http_answer *answer);

/*
 * One complete line of the headers or trailers; `status` is libcurl's status of the answer that the
 * line belongs to. Returns false if the transfer must end, because the result is known or the
 * headers are too large.
 */
bool http_answer_header(struct http_answer *answer, const struct check *check, const char *line,
                        size_t size, long status);

/* A piece of the body, decoded. Returns false if the transfer must end. */
bool http_answer_body(struct http_answer *answer, const struct check *check, const char *data,
                      size_t size);

/*
 * Whether the transfer was ended because libcurl cannot decode the body: the body must be requested
 * again and searched as received.
 */
bool http_answer_wants_plain(const struct http_answer *answer, const struct check *check);

/* Called when the transfer is over. */
void http_answer_ending(const struct http_answer *answer, const struct check *check,
                        const struct http_end *end, struct ending *ending);

#endif
