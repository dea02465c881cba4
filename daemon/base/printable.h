/*
 * Makes text from outside safe to display: no control characters, and no bytes that a terminal or a
 * log could interpret.
 */
#ifndef SHUNT_BASE_PRINTABLE_H
#define SHUNT_BASE_PRINTABLE_H

#include <stddef.h>

/*
 * Copies at most `size` - 1 bytes of `text`, replacing each byte that is not printable ASCII by
 * '?'. `size` is at least 1.
 */
void printable_clean(char *out, size_t size, const char *text);

#endif
