/* One line of an answer's headers against what a check expects. Pure. */
#ifndef SHUNT_PROBE_KIND_HEADER_H
#define SHUNT_PROBE_KIND_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `expected` is "Name" or "Name: text": a header of that name, in any case, whose value contains
 * the text, in this case.
 */
bool header_matches(const char *expected, const char *line, size_t size);

#endif
