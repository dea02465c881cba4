/* Searches for a text in the first bytes of a body that arrives in pieces of any size. Pure. */
#ifndef SHUNT_PROBE_KIND_BODY_H
#define SHUNT_PROBE_KIND_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct body_search {
	/*
	 * The end of the previous pieces that may be the start of a match, and room for the rest of
	 * it.
	 */
	char *window;
	size_t kept;   /* number of bytes in it */
	size_t length; /* length of the text searched for */
	size_t left;   /* number of bytes of the body that may still be searched */
	bool found;
};

/* Returns false if out of memory. `text` must not be empty. */
bool body_search_init(struct body_search *search, const char *text, size_t limit);

/*
 * Searches one more piece. `text` must be the same as in body_search_init(). Returns true while
 * more is needed: the text has not been found and the limit has not been reached.
 */
bool body_search_feed(struct body_search *search, const char *text, const char *data, size_t size);

void body_search_free(struct body_search *search);

/*
 * The codings named in an answer's headers that libcurl decodes whether or not they were requested;
 * "chunked" and "identity" do not enlarge the data and are not counted. Only the output of the last
 * decoder counts against the limit: with two codings, one may expand a few KB to gigabytes of input
 * for the other, and block the loop. Therefore a body with more than BODY_CODINGS_MAX must not be
 * decoded.
 *
 * A coding unknown to libcurl ("UTF-8", "aws-chunked") ends a transfer that decodes. In a
 * Content-Encoding it is usually not a coding at all.
 */
#define BODY_CODINGS_MAX 1u

struct body_codings {
	unsigned known;
	/* In Content-Encoding only: libcurl accepts no unknown coding in Transfer-Encoding. */
	unsigned unknown;
};

/* Counts the codings in one header line. */
void body_codings_add(struct body_codings *codings, const char *line, size_t size);

#endif
