/* How `shunt status` ends: CLI_DONE, every primary answers; CLI_ELSEWHERE; CLI_UNHEALTHY, no endpoint could answer. Pure. */
#ifndef SHUNT_CLI_SHOW_VERDICT_H
#define SHUNT_CLI_SHOW_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "api/listing.h"

int verdict_record(const struct listing_record *record);

/* The worst of all records, 0 to 2 in that order. */
int verdict_listing(const struct listing *listing);
/* The same of a status as the daemon writes it. False: it is not one object of JSON. */
bool verdict_json(const char *text, size_t size, int *verdict);

#endif
