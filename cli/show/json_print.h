/*
 * Prints JSON for people and pipes: indented by two, in ASCII, as by jansson with JSON_INDENT(2) and
 * JSON_ENSURE_ASCII. Pure, but for json_print_end().
 *
 *   json_print_token()   for each token of json_scan(), in order
 *   json_print_end()     writes the text, or discards it
 */
#ifndef SHUNT_CLI_SHOW_JSON_PRINT_H
#define SHUNT_CLI_SHOW_JSON_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/json_scan.h"

/* Zeros at first. */
struct json_print {
	char *text;
	size_t length, room;
	bool failed; /* out of memory */
};

void json_print_token(struct json_print *print, const struct json_scan_token *token);

/*
 * Writes the text and a newline; `out` is NULL to write nothing. Frees it. Returns false if out of
 * memory; then nothing was written.
 */
bool json_print_end(struct json_print *print, FILE *out);

#endif
