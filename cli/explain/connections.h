/* What a record's options mean for connections: the last steps of an explanation. Pure. */
#ifndef SHUNT_CLI_EXPLAIN_CONNECTIONS_H
#define SHUNT_CLI_EXPLAIN_CONNECTIONS_H

#include <jansson.h>

/*
 * Appends the steps "connect", where the library leads new connections, and "connections", which
 * open ones would be reset, each if the daemon and the record have such an option. `record`: a
 * record of /v1/status.
 */
void connections_add(json_t *steps, const json_t *record);

#endif
