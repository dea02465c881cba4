/*
 * The contents of `shunt status --follow`: a header, as much of the table as fits, the last events.
 * Pure.
 */
#ifndef SHUNT_CLI_SHOW_PAGE_H
#define SHUNT_CLI_SHOW_PAGE_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "show/status_table.h"

struct page_view {
	const struct listing *listing;
	const json_t *events; /* an array, oldest first */
	const char *trouble;  /* why there is no connection; NULL: connected */
	time_t trouble_since;
	struct status_table_style style;
	size_t rows;
};

/* At most `rows` lines, each with its newline. */
void page_print(const struct page_view *view, FILE *out);

#endif
