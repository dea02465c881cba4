/* The daemon's control API: HTTP over its Unix socket. */
#ifndef SHUNT_API_H
#define SHUNT_API_H

#include <jansson.h>
#include <stddef.h>

#define API_ERROR_MAX 512

/* What was given, else SHUNT_CONTROL, else the default. */
const char *api_control(const char *given);

/*
 * GET. CLI_DONE with a JSON object in `*json`, which the caller releases; else CLI_UNREACHABLE or CLI_REFUSED with one line
 * in `error`. Takes 5 s at most.
 */
int api_get(const char *control, const char *path, json_t **json, char error[API_ERROR_MAX]);

#endif
