/* Reads members of a record in the daemon's JSON. Pure. */
#ifndef SHUNT_CLI_API_RECORD_H
#define SHUNT_CLI_API_RECORD_H

#include <jansson.h>

/* In a status the record of that name or alias, in any case and with or without a final dot; NULL. Stays `status`'s. */
json_t *record_find(const json_t *status, const char *name);

/* A member that is a text; "" for any other. */
const char *record_field(const json_t *object, const char *key);

#endif
