/*
 * Removes from a text what looks like a secret: for reports that are shown to strangers. A
 * heuristic for text that programs, servers and people wrote; redact is for configurations.
 */
#ifndef SHUNT_CLI_BUGREPORT_WORDS_H
#define SHUNT_CLI_BUGREPORT_WORDS_H

#include <stdio.h>

#define WORDS_REMOVED "[removed]"
/*
 * A run of letters, digits and _+=- of this length with both letters and digits may be a key; with
 * slashes too, if it has letters of both cases and is not a part of a path that begins with one.
 */
#define WORDS_KEY_LENGTH 20u

/*
 * Writes `text` (`length` bytes) to `out`, printable, with WORDS_REMOVED in place of
 *
 *   - user and password of a URL: from "://" to the last '@' of the word
 *   - what follows a '?', up to a space, if it has a letter or a digit
 *   - what follows a word such as "password", "token" or "authorization", up to the end
 *   - a run that may be a key
 */
void words_print(const char *text, size_t length, FILE *out);

#endif
