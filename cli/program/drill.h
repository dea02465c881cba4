/* `shunt run --force`: validates the values against the daemon's status, and sets SHUNT_FORCE. */
#ifndef SHUNT_CLI_PROGRAM_DRILL_H
#define SHUNT_CLI_PROGRAM_DRILL_H

#include <jansson.h>
#include <stdbool.h>

/* NAME=ENDPOINT, several separated by commas. If malformed, prints an error and returns false. */
bool drill_is_formed(const char *value);

/*
 * Sets SHUNT_FORCE: `values`, which NULL ends and which are well formed, before what it holds. Asks the daemon at
 * SHUNT_CONTROL, else the default. `socket` is the client socket that COMMAND will use. False: the daemon cannot be asked, or
 * knows no such name or endpoint; that has been said.
 */
bool drill_set(const char *const *values, const char *socket);

/* Whether programs take the SHUNT_FORCE that is in the environment. False: it is too long, and that has been said. */
bool drill_fits(void);

/*
 * The endpoint of `record`, which is one of `status`, that this value of SHUNT_FORCE gives a program, as the library reads it;
 * NULL: none. Stays the record's.
 */
const json_t *drill_forced(const json_t *status, const json_t *record, const char *list);

#endif
