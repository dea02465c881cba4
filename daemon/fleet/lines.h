/* Cuts a stream into lines, however its bytes arrive. */
#ifndef SHUNT_FLEET_LINES_H
#define SHUNT_FLEET_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct lines {
	char *text;
	size_t length, room;
	size_t max; /* bytes of a line; set by the caller, with the rest zero */
};

/*
 * Calls `found` for each line that is complete now, without its newline and with a zero behind it;
 * empty lines are left out. Returns false, and is not to be called again, if `found` does, a line is
 * too long, or memory has run out.
 */
bool lines_take(struct lines *lines, const char *data, size_t size,
                bool (*found)(void *arg, const char *text, size_t length), void *arg);

/* Appends to the present line, newlines included. Returns false as lines_take() does. */
bool lines_add(struct lines *lines, const char *data, size_t size);

void lines_free(struct lines *lines);

#endif
