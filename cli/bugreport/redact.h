/*
 * Prints a configuration without what may be secret. What is not known to be harmless is removed:
 *
 *   - comments
 *   - texts of settings that are not listed in redact.c, and of commands all but the program
 *   - the second part of a text that is written in parts
 *   - words, other than names of settings, true and false; numbers of more than 12 characters
 *
 * Texts that are printed pass through words. The file may have mistakes; nothing is parsed beyond
 * words, numbers, texts and punctuation, and a text without an end is removed to the end.
 */
#ifndef SHUNT_CLI_BUGREPORT_REDACT_H
#define SHUNT_CLI_BUGREPORT_REDACT_H

#include <stddef.h>
#include <stdio.h>

/* `text` has `size` bytes, in any form. */
void redact_print(const char *text, size_t size, FILE *out);

#endif
