/*
 * What of the monitor survives a restart: written as a state file's text, and taken from one.
 *
 * Overrides, and elections that are not at the primary, are restored whatever the file's age: they are decisions. Health, and since when a
 * name has its answer, only from a fresh file (saved_is_fresh()).
 */
#ifndef SHUNT_MONITOR_PERSIST_H
#define SHUNT_MONITOR_PERSIST_H

#include <stddef.h>

#include "monitor/override.h"
#include "monitor/roster.h"
#include "monitor/target.h"
#include "state/format.h"

/* NULL: no memory. The caller frees. */
char *monitor_state_text(const struct roster *roster, const struct targets *targets, size_t *size);

/* After roster_build() and before the first elections. What has no place any more is dropped with an event. */
void monitor_state_restore(const struct saved *saved, const struct roster *roster,
                           struct overrides *overrides);

/* Once every record has an answer: since when, where it is the one of before. */
void monitor_state_settle(const struct saved *saved, const struct roster *roster);

#endif
