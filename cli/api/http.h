/*
 * The part of HTTP/1.1 (RFC 9112) that the control API needs: one request and one response per
 * connection. Pure.
 *
 * Strict and bounded: anything that is not plain HTTP is rejected. libcurl is not used: loading it
 * and the 30 libraries that it depends on took 10 of the 18 ms of `shunt status`.
 */
#ifndef SHUNT_CLI_API_HTTP_H
#define SHUNT_CLI_API_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_LINE_MAX 1024u /* bytes of a status line, a header field or a chunk's size */
#define HTTP_LINES_MAX 64u  /* header fields of a response, and of a trailer */

/* A GET or, with a `body` of JSON, a POST. Returns NULL if out of memory. The caller frees it. */
char *http_request(const char *path, const char *body);

/*
 * `text` encoded as a path segment or a query value. Returns NULL if out of memory. The caller
 * frees it.
 */
char *http_escape(const char *text);

enum http_state {
	HTTP_MORE, /* the response is incomplete */
	HTTP_DONE, /* the response is complete */
	HTTP_CUT,  /* the connection ended before the response did */
	HTTP_BAD,  /* not HTTP, or not a response that the daemon sends */
	HTTP_FULL, /* the callback rejected further data */
};

/* A response being parsed. */
struct http_reader {
	/* Called for each part of the body. Returns false to stop. */
	bool (*body)(void *arg, const char *data, size_t size);
	void *arg;
	int status; /* such as 200; 0: not yet known */

	/* Private. */
	enum http_state (*state)(struct http_reader *reader, const char **data, const char *end);
	enum http_state over; /* HTTP_MORE until the response is complete */
	bool chunked, sized;
	uint64_t left; /* bytes left of the body or of the chunk */
	unsigned lines;
	size_t length; /* bytes used of `line` */
	char line[HTTP_LINE_MAX];
};

void http_reader_init(struct http_reader *reader,
                      bool (*body)(void *arg, const char *data, size_t size), void *arg);

/* Parses received bytes. A state other than HTTP_MORE is final: it is returned from then on. */
enum http_state http_read(struct http_reader *reader, const char *data, size_t size);

/* Called when the peer has closed the connection. Never returns HTTP_MORE. */
enum http_state http_end(struct http_reader *reader);

#endif
