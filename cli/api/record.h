/* Reads members of a record in the daemon's JSON. Pure. */
#ifndef SHUNT_CLI_API_RECORD_H
#define SHUNT_CLI_API_RECORD_H

#include <jansson.h>

/*
 * The record of a status with that name or alias, in any case and with or without a final dot; NULL
 * if there is none. Owned by `status`.
 */
json_t *record_find(const json_t *status, const char *name);

/* A member that is a string; "" if it is anything else. */
const char *record_field(const json_t *object, const char *key);

/* A member that is an integer; 0 if it is anything else. */
long long record_number(const json_t *object, const char *key);

#endif
