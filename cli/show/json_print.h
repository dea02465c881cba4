/* JSON for people and pipes: indented by two, in ASCII, whatever it was. Pure. */
#ifndef SHUNT_CLI_SHOW_JSON_PRINT_H
#define SHUNT_CLI_SHOW_JSON_PRINT_H

#include <stddef.h>
#include <stdio.h>

/* `text` is what json_scan() takes. Printed as jansson does with JSON_INDENT(2) and JSON_ENSURE_ASCII, and a newline behind it. */
void json_print(const char *text, size_t size, FILE *out);

#endif
