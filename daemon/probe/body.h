/* A search for a text in a body that comes in pieces of any size, within its first bytes. Pure. */
#ifndef SHUNT_PROBE_BODY_H
#define SHUNT_PROBE_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct body_search {
	char *window; /* what the last pieces left of a match that may go on, and room for its rest */
	size_t kept;   /* bytes of it */
	size_t length; /* of the text that is searched */
	size_t left;   /* bytes of the body that may still be looked at */
	bool found;
};

/* False when memory is out. `text` is not empty. */
bool body_search_init(struct body_search *search, const char *text, size_t limit);

/* One more piece. `text` is the same as at the start. True while more is wanted: neither found nor at the limit. */
bool body_search_feed(struct body_search *search, const char *text, const char *data, size_t size);

void body_search_free(struct body_search *search);

/*
 * How many codings a header line names that libcurl will undo, whatever was asked for; "chunked" makes nothing larger and is not
 * counted. Only what comes out of the last one counts against the limit: of two, one may make gigabytes of nothing for the other
 * out of a few KB, and hold up the loop. So a body with more than BODY_CODINGS_MAX must not be read.
 */
#define BODY_CODINGS_MAX 1u
unsigned body_codings(const char *line, size_t size);

#endif
