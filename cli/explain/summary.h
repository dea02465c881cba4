/*
 * The doors of many processes as two tables: the processes, alike ones in one line, and what would
 * reach those that have none. Pure.
 */
#ifndef SHUNT_CLI_EXPLAIN_SUMMARY_H
#define SHUNT_CLI_EXPLAIN_SUMMARY_H

#include <jansson.h>
#include <stdio.h>

/* `reports` is an array of lookup_reach() with "user". Prints in `width` columns. */
void summary_print(const json_t *reports, size_t width, FILE *out);

#endif
