/*
 * What of the monitor survives a restart: gathered for the state file, and taken from what the previous run saved.
 *
 * Overrides, and elections that are not at the primary, are restored whatever the file's age: they are decisions. Health, and since when
 * a name has its answer, only from a fresh file (format_is_fresh()).
 */
#ifndef SHUNT_MONITOR_PERSIST_H
#define SHUNT_MONITOR_PERSIST_H

#include <stddef.h>

#include "monitor/override.h"
#include "monitor/roster.h"
#include "monitor/target.h"
#include "state/format.h"

/* The state file's text. NULL: no memory. The caller frees. */
char *persist_text(const struct roster *roster, const struct targets *targets, size_t *size);

/* After roster_build() and before the first elections. What has no place any more is dropped with an event. */
void persist_restore(const struct saved *saved, const struct roster *roster,
                     struct overrides *overrides);

/* Once every record has an answer: takes over since when it has it, where it is the same as in the previous run. */
void persist_settle(const struct saved *saved, const struct roster *roster);

#endif
