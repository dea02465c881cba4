/* A search for a text in a body that comes in pieces of any size, within its first bytes. Pure. */
#ifndef SHUNT_PROBE_KIND_BODY_H
#define SHUNT_PROBE_KIND_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct body_search {
	/* What the last pieces left of a match that may go on, and room for its rest. */
	char *window;
	size_t kept;   /* bytes of it */
	size_t length; /* of the text that is searched */
	size_t left;   /* bytes of the body that may still be looked at */
	bool found;
};

/* False when memory is out. `text` is not empty. */
bool body_search_init(struct body_search *search, const char *text, size_t limit);

/*
 * One more piece. `text` is the same as at the start. True while more is wanted: neither found nor
 * at the limit.
 */
bool body_search_feed(struct body_search *search, const char *text, const char *data, size_t size);

void body_search_free(struct body_search *search);

/*
 * The codings that an answer's headers name, and that libcurl undoes whatever was asked for;
 * "chunked" and "identity" make nothing larger and are not counted. Only what comes out of the last
 * one counts against the limit: of two, one may make gigabytes of nothing for the other out of a
 * few KB, and hold up the loop. So a body with more than BODY_CODINGS_MAX must not be unpacked.
 *
 * One that libcurl does not know ("UTF-8", "aws-chunked") ends a transfer that unpacks. In a
 * Content-Encoding it is most often no coding at all.
 */
#define BODY_CODINGS_MAX 1u

struct body_codings {
	unsigned known;
	/* Of Content-Encoding alone: libcurl takes no unknown one for Transfer-Encoding. */
	unsigned unknown;
};

/* Counts those of one line of the headers. */
void body_codings_add(struct body_codings *codings, const char *line, size_t size);

#endif
