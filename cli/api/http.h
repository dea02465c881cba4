/*
 * The control API's HTTP/1.1, as far as shunt speaks it (RFC 9112): one request, one answer, then the connection ends. Pure.
 *
 * Strict and bounded: what is not plainly HTTP is no answer of the daemon's. Not libcurl: loading it and the 30 libraries behind it
 * took 10 of the 18 ms of `shunt status`.
 */
#ifndef SHUNT_CLI_API_HTTP_H
#define SHUNT_CLI_API_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_LINE_MAX 1024u /* bytes of a status line, a header field or a chunk's size */
#define HTTP_LINES_MAX 64u  /* header fields of an answer, and of a trailer */

/* A GET, or with a `body` (JSON; NULL: none) a POST. NULL: no memory. The caller frees. */
char *http_request(const char *path, const char *body);

/* `text` as a segment of a path or a value of a query. NULL: no memory. The caller frees. */
char *http_escape(const char *text);

enum http_state {
	HTTP_MORE, /* the answer goes on */
	HTTP_DONE, /* it has ended as it should */
	HTTP_CUT,  /* the connection ended before the answer did */
	HTTP_BAD,  /* this is not HTTP, or nothing that the daemon says */
	HTTP_FULL, /* the callback wanted no more */
};

/* An answer as it comes. */
struct http_reader {
	/* Called for each part of the body. False: no more is wanted. */
	bool (*body)(void *arg, const char *data, size_t size);
	void *arg;
	int status; /* 200 and the like; 0: not known yet */

	/* From here on its own. */
	enum http_state (*state)(struct http_reader *reader, const char **data, const char *end);
	enum http_state over; /* HTTP_MORE until it is */
	bool chunked, sized;
	uint64_t left; /* bytes of the body or of the chunk */
	unsigned lines;
	size_t length; /* of `line` */
	char line[HTTP_LINE_MAX];
};

void http_reader_init(struct http_reader *reader,
                      bool (*body)(void *arg, const char *data, size_t size), void *arg);

/* Bytes that came. Once it has returned another state than HTTP_MORE it goes on to return that one. */
enum http_state http_read(struct http_reader *reader, const char *data, size_t size);

/* The other end has closed the connection. Never HTTP_MORE. */
enum http_state http_end(struct http_reader *reader);

#endif
