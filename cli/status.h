/* The table of `shunt status`: asked for, and laid out. The command itself is in cli.h. */
#ifndef SHUNT_CLI_STATUS_H
#define SHUNT_CLI_STATUS_H

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "api/api.h"
#include "api/listing.h"

/*
 * What the daemon tells of all its names, or of that one (NULL: all). CLI_DONE with a listing that the caller frees; else the exit
 * status, and one line in `error`.
 */
int status_ask(const char *control, const char *name, struct listing *listing,
               char error[API_ERROR_MAX]);

struct status_style {
	size_t width; /* columns */
	bool colours;
	time_t now;
};

void status_print(const struct listing *listing, const struct status_style *style, FILE *out);

#endif
