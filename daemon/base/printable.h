/* Text from outside, for people: no control characters, no bytes that a terminal or a log could take for something else. */
#ifndef SHUNT_BASE_PRINTABLE_H
#define SHUNT_BASE_PRINTABLE_H

#include <stddef.h>

/* Copies at most `size` - 1 bytes of `text`; whatever is not printable ASCII becomes '?'. `size` is at least 1. */
void printable_clean(char *out, size_t size, const char *text);

#endif
