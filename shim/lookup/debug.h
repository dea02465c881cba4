/*
 * SHUNT_DEBUG: one line on standard error for each lookup, with what the program got. lookup reports the names that are passed
 * on, the entries their answers. These functions keep errno. A line that standard error cannot take at once is dropped: nothing
 * waits, and no SIGPIPE is raised.
 */
#ifndef SHUNT_SHIM_DEBUG_H
#define SHUNT_SHIM_DEBUG_H

#include <netdb.h>
#include <stdbool.h>

#include "core/hot.h"
#include "core/table.h"

COLD void debug_passed(const char *name);

/* `error`: what getaddrinfo() returns; 0: with `list`. `forced`: SHUNT_FORCE decided. */
COLD void debug_addrinfo(const char *name, bool forced, int error, const struct addrinfo *list);

/* `host`: what a function of gethostbyname()'s family fills in; NULL: it ends with `h_error`, NETDB_INTERNAL for a small buffer. */
COLD void debug_hostent(const char *name, bool forced, const struct hostent *host, int h_error);

/* All addresses of the answer. */
COLD void debug_answer(const char *name, const struct table_answer *answer);

#endif
