/*
 * The exit status of `shunt status`: CLI_DONE, every primary answers; CLI_ELSEWHERE; CLI_UNHEALTHY,
 * no endpoint can answer. Pure.
 */
#ifndef SHUNT_CLI_SHOW_VERDICT_H
#define SHUNT_CLI_SHOW_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "api/listing.h"
#include "base/json_scan.h"

int verdict_record(const struct listing_record *record);

/* The worst of all records, 0 to 2 in that order. */
int verdict_listing(const struct listing *listing);

/*
 * The same for a status as the daemon writes it. Returns false if it is not a JSON object. Each token is
 * passed on to `take` as well, unless that is NULL.
 */
bool verdict_json(const char *text, size_t size, int *verdict,
                  void (*take)(void *arg, const struct json_scan_token *token), void *arg);

#endif
