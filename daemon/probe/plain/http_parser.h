/*
 * Reads an answer as it arrives, strictly: HTTP/1.0 or 1.1, no interim answer, and a body that is
 * absent, of a stated length, chunked, or up to the end of the connection. Pure.
 *
 * Anything else is unusual, and no verdict is given: the check asks again over libcurl, so that
 * there is one judge of what is malformed, lenient or rare. What is read is judged by http_answer,
 * which gets the same lines, pieces and codes as from libcurl.
 */
#ifndef SHUNT_PROBE_PLAIN_HTTP_PARSER_H
#define SHUNT_PROBE_PLAIN_HTTP_PARSER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "probe/kind/http_answer.h"

enum http_reading {
	HTTP_READING_MORE,
	HTTP_READING_DONE,   /* `code` is what libcurl would have returned */
	HTTP_READING_UNUSUAL /* libcurl must read it */
};

enum http_parser_state {
	HTTP_PARSER_STATUS,
	HTTP_PARSER_HEADERS,
	HTTP_PARSER_BODY,
	HTTP_PARSER_CHUNK_SIZE,
	HTTP_PARSER_CHUNK,
	HTTP_PARSER_CHUNK_END,
	HTTP_PARSER_LAST_END
};

struct http_parser {
	struct http_answer *answer;
	const struct check *check; /* set anew by the caller where it may have been replaced */
	enum http_parser_state state;
	enum http_reading reading;
	CURLcode code;
	char *line; /* the beginning of a line whose end has not arrived; NULL: none */
	size_t line_size;
	/* Bytes of the body or chunk that have not arrived; UINT64_MAX: to the end. */
	uint64_t left;
	long status;
	bool is_old;     /* HTTP/1.0 */
	bool has_length; /* and `left` is it */
	bool is_chunked;
	bool has_location;
	bool is_odd; /* a header asks for something unusual in a body */
};

/* `answer` must outlive the parser, `check` the next call of a function below. */
void http_parser_init(struct http_parser *parser, struct http_answer *answer,
                      const struct check *check);
void http_parser_free(struct http_parser *parser);

/* Reads what has arrived. Not to be called again unless it returns HTTP_READING_MORE. */
enum http_reading http_parser_feed(struct http_parser *parser, const char *data, size_t size);

/* The peer has closed the connection: sets `code`. */
void http_parser_closed(struct http_parser *parser);

#endif
