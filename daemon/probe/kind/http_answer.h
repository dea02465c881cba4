/*
 * What an HTTP answer, or the lack of one, says of an endpoint. Pure: what libcurl saw comes in as
 * arguments.
 *
 * http.c feeds it the lines of the headers and the pieces of the body as libcurl hands them over,
 * and asks for the ending when the transfer is over. The check is the same in all calls of one
 * answer.
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

#define HTTP_ANSWER_HEADERS_MAX 16384u /* bytes, interim answers and trailers included */

struct http_answer {
	struct body_search search; /* without a window: the body does not count */
	size_t header_bytes;
	struct body_codings codings;
	long status;
	bool header_found; /* the one that the check expects, if any */
	bool headers_done; /* to the empty line of the final answer */
	bool is_plain;     /* the body is searched as it comes, whatever coding it has */
};

/* How a transfer ended. */
struct http_end {
	CURLcode code;
	int error;                     /* errno of the connection; 0: none */
	bool has_answer;               /* a byte of an answer came */
	const struct trust_peer *peer; /* NULL: without TLS */
};

/* False: out of memory. */
bool http_answer_init(struct http_answer *answer, const struct check *check);
void http_answer_free(struct http_answer *answer);

/*
 * One whole line of the headers or trailers; `status` is libcurl's, of the answer that the line
 * belongs to. False: the transfer is to end, since all is known or there is too much.
 */
bool http_answer_header(struct http_answer *answer, const struct check *check, const char *line,
                        size_t size, long status);

/* A piece of the body, decoded. False: the transfer is to end. */
bool http_answer_body(struct http_answer *answer, const struct check *check, const char *data,
                      size_t size);

/*
 * The transfer was ended because libcurl cannot undo the body's coding: the body is to be asked for
 * again and searched as it comes.
 */
bool http_answer_wants_plain(const struct http_answer *answer, const struct check *check);

/* The transfer is over. */
void http_answer_ending(const struct http_answer *answer, const struct check *check,
                        const struct http_end *end, struct ending *ending);

#endif
