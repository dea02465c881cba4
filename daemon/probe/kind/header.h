/* Compares a header line of an answer with the check's expectation. Pure. */
#ifndef SHUNT_PROBE_KIND_HEADER_H
#define SHUNT_PROBE_KIND_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `expected` is "Name" or "Name: text": matches a header of that name, case-insensitive, whose
 * value contains the text, case-sensitive.
 */
bool header_matches(const char *expected, const char *line, size_t size);

#endif
