/* SHUNT_DEBUG: one line on standard error for each lookup. */
#ifndef SHUNT_SHIM_DEBUG_H
#define SHUNT_SHIM_DEBUG_H

#include "core/table.h"

/*
 * `outcome`: how the lookup ended, in words; NULL: with the addresses of `answer`, which may be NULL otherwise. Keeps errno. A
 * line that standard error cannot take at once is dropped: nothing waits, and no SIGPIPE is raised.
 */
void debug_lookup(const char *name, const char *outcome, const struct table_answer *answer);

/* Once in a process: what is passed over in SHUNT_FORCE, an entry a line. `table` may be NULL: not yet. Keeps errno. */
void debug_force(const void *table, const char *list);

#endif
