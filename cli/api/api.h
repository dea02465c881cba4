/* The daemon's control API: HTTP over its Unix socket. */
#ifndef SHUNT_CLI_API_API_H
#define SHUNT_CLI_API_API_H

#include <jansson.h>

#include "api/trouble.h"

/* The control socket: --control if given, else SHUNT_CONTROL, else the default. */
const char *api_control(const char *given);

/*
 * GET. Returns CLI_DONE and a JSON object in `*json`, which the caller releases; otherwise
 * CLI_UNREACHABLE or CLI_REFUSED and a one-line `error`. Takes at most 5 s.
 */
int api_get(const char *control, const char *path, json_t **json, char error[TROUBLE_MAX]);

/* A GET of which only the HTTP status matters, stored in `*status` (0: no response). As above. */
int api_look(const char *control, const char *path, int *status, char error[TROUBLE_MAX]);

/* A GET of text, which the caller frees. Otherwise as api_get(). */
int api_get_text(const char *control, const char *path, char **text, char error[TROUBLE_MAX]);

/*
 * POST with `body` (NULL: none), which the caller keeps. As above, but takes at most `seconds`, and
 * is not repeated if the daemon may have received it.
 */
int api_post(const char *control, const char *path, const json_t *body, unsigned seconds,
             json_t **json, char error[TROUBLE_MAX]);

/*
 * "/v1/records/NAME" followed by `behind`, with NAME URL-encoded. Returns NULL if out of memory.
 * The caller frees it.
 */
char *api_record(const char *name, const char *behind);

/* `path`, with a query that selects the record `name` unless that is NULL. As above. */
char *api_only(const char *path, const char *name);

#endif
