/*
 * The control API's HTTP/1.1, as far as shunt speaks it (RFC 9112): one request, one answer, then the connection ends. Pure.
 *
 * Strict and bounded: anything that is not plain HTTP is rejected. libcurl is not used: loading it and
 * the 30 libraries that it depends on took 10 of the 18 ms of `shunt status`.
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
	HTTP_MORE, /* the response is incomplete */
	HTTP_DONE, /* the response is complete */
	HTTP_CUT,  /* the connection ended before the response did */
	HTTP_BAD,  /* not HTTP, or nothing that the daemon sends */
	HTTP_FULL, /* the callback rejected further data */
};

/* An answer as it comes. */
struct http_reader {
	/* Called for each part of the body. Returns false to stop. */
	bool (*body)(void *arg, const char *data, size_t size);
	void *arg;
	int status; /* 200 and the like; 0: not known yet */

	/* Private. */
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

/* Parses received bytes. A state other than HTTP_MORE is final: it is returned from then on. */
enum http_state http_read(struct http_reader *reader, const char *data, size_t size);

/* Called when the peer has closed the connection. Never returns HTTP_MORE. */
enum http_state http_end(struct http_reader *reader);

#endif
