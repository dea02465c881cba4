/* Prints JSON for people and pipes: indented by two, in ASCII. Pure. */
#ifndef SHUNT_CLI_SHOW_JSON_PRINT_H
#define SHUNT_CLI_SHOW_JSON_PRINT_H

#include <stddef.h>
#include <stdio.h>

/*
 * `text` is valid for json_scan(). Printed as by jansson with JSON_INDENT(2) and JSON_ENSURE_ASCII,
 * followed by a newline.
 */
void json_print(const char *text, size_t size, FILE *out);

#endif
