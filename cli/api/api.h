/* The daemon's control API: HTTP over its Unix socket. */
#ifndef SHUNT_CLI_API_API_H
#define SHUNT_CLI_API_API_H

#include <jansson.h>

#include "api/trouble.h"

/* The control socket: --control if given, otherwise SHUNT_CONTROL, otherwise the default. */
const char *api_control(const char *given);

/*
 * GET. CLI_DONE with a JSON object in `*json`, which the caller releases; else CLI_UNREACHABLE or CLI_REFUSED with one line
 * in `error`. Takes 5 s at most.
 */
int api_get(const char *control, const char *path, json_t **json, char error[TROUBLE_MAX]);

/* GET of which only the status of HTTP matters, which goes to `*status` (0: there was no answer). As above. */
int api_look(const char *control, const char *path, int *status, char error[TROUBLE_MAX]);

/* GET of text, which the caller frees. Otherwise like api_get(). */
int api_get_text(const char *control, const char *path, char **text, char error[TROUBLE_MAX]);

/*
 * POST, with `body` (NULL: none), which stays the caller's. As above; takes `seconds` at most, and is never repeated once the daemon may
 * have had it.
 */
int api_post(const char *control, const char *path, const json_t *body, unsigned seconds,
             json_t **json, char error[TROUBLE_MAX]);

/* "/v1/records/NAME" and `behind`, with NAME URL-encoded. NULL: out of memory. The caller frees it. */
char *api_record(const char *name, const char *behind);

/* `path`, and with a name (NULL: none) the query that asks for this record alone. As above. */
char *api_only(const char *path, const char *name);

#endif
