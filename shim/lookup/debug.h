/*
 * SHUNT_DEBUG: one line on standard error for each lookup, with the result that the program got.
 * lookup reports names that are passed on, the entry points their answers. These functions preserve
 * errno. A line that standard error cannot take at once is dropped: nothing blocks, and no SIGPIPE
 * is raised.
 */
#ifndef SHUNT_SHIM_DEBUG_H
#define SHUNT_SHIM_DEBUG_H

#include <netdb.h>
#include <stdbool.h>

#include "core/hot.h"
#include "core/table.h"

COLD void debug_passed(const char *name);

/* `error`: the return value of getaddrinfo(); 0: with `list`. `forced`: SHUNT_FORCE decided. */
COLD void debug_addrinfo(const char *name, bool forced, int error, const struct addrinfo *list);

/*
 * `host`: the result of a function of gethostbyname()'s family; NULL: it failed with `h_error`,
 * NETDB_INTERNAL if the buffer was too small.
 */
COLD void debug_hostent(const char *name, bool forced, const struct hostent *host, int h_error);

/* All addresses of the answer. */
COLD void debug_answer(const char *name, const struct table_answer *answer);

/* A connection of the program goes to `to` instead of `from`. */
COLD void debug_connect(const char *name, const struct shunt_address *to,
                        const struct shunt_address *from);

#endif
