/* `shunt run --force`: validates the values against the daemon's status, and sets SHUNT_FORCE. */
#ifndef SHUNT_CLI_PROGRAM_DRILL_H
#define SHUNT_CLI_PROGRAM_DRILL_H

#include <jansson.h>
#include <stdbool.h>

/* NAME=ENDPOINT, several separated by commas. If malformed, prints an error and returns false. */
bool drill_is_formed(const char *value);

/*
 * Sets SHUNT_FORCE to `values` (NULL-terminated, well formed) followed by its present entries.
 * Queries the daemon at SHUNT_CONTROL, else at the default. `socket` is the client socket that
 * COMMAND will use. Returns false after printing an error if the daemon cannot be reached, or has
 * no such name or endpoint.
 */
bool drill_set(const char *const *values, const char *socket);

/*
 * Whether programs accept the SHUNT_FORCE in the environment. Returns false after printing an error
 * if it is too long.
 */
bool drill_fits(void);

/*
 * The endpoint of `record`, one of `status`, that this value of SHUNT_FORCE selects, as the library
 * parses it; NULL: none. Owned by the record.
 */
const json_t *drill_forced(const json_t *status, const json_t *record, const char *list);

#endif
