/*
 * Loads a file into an immutable struct config.
 *
 * main and the reload call config_load(). A file with a mistake yields no configuration and one line, `FILE:LINE: SETTING: what is
 * wrong; the cure`. Nothing here opens a socket, asks a resolver or needs a user or directory to exist; a check's files (`ca_file`,
 * `client_cert`, `credentials_file`) are read, and the program of a `command` must be there, since the check could never pass
 * without them. What is no mistake, but a known trap, is a line in the configuration's `hints`.
 */
#ifndef SHUNT_CONFIG_LOAD_H
#define SHUNT_CONFIG_LOAD_H

#include "config/config.h"
#include "config/error.h"
#include "config/parse.h"

/* NULL with `error` filled (one line, no newline), or a configuration to be freed by config_free(). */
struct config *config_load(const char *path, char error[CONFIG_ERROR_MAX]);

/*
 * The same for a parser that the caller has started with `path` and read to its end, or ends now for
 * the reason `why` (NULL: it has ended).
 */
struct config *config_load_parsed(struct config_parser *parser, const char *path, const char *why,
                                  char error[CONFIG_ERROR_MAX]);

#endif
