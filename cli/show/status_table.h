/* The table of `shunt status`. Pure. */
#ifndef SHUNT_CLI_SHOW_STATUS_TABLE_H
#define SHUNT_CLI_SHOW_STATUS_TABLE_H

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "api/listing.h"

struct status_table_style {
	size_t width; /* columns */
	bool colours;
	time_t now;
};

void status_table_print(const struct listing *listing, const struct status_table_style *style,
                        FILE *out);

#endif
