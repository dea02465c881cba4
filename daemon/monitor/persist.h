/*
 * The monitor's data that survives a restart: collects it for the state file, and restores what the
 * previous run saved.
 *
 * Overrides, and elections of an endpoint other than the primary, are decisions and are restored
 * however old the file is. Health, and the time since which a name has had its answer, are restored
 * only from a fresh file (format_is_fresh()).
 */
#ifndef SHUNT_MONITOR_PERSIST_H
#define SHUNT_MONITOR_PERSIST_H

#include <stddef.h>

#include "monitor/override.h"
#include "roster/roster.h"
#include "roster/target.h"
#include "state/format.h"

/* Returns the text of the state file, to be freed by the caller; NULL if out of memory. */
char *persist_text(const struct roster *roster, const struct targets *targets, size_t *size);

/*
 * Must be called after roster_build() and before the first elections. Saved data that no longer
 * applies is dropped with an event.
 */
void persist_restore(const struct saved *saved, const struct roster *roster,
                     struct overrides *overrides);

/*
 * Must be called once every record has an answer: restores the time since which it has had that
 * answer, if it is the same as in the previous run.
 */
void persist_settle(const struct saved *saved, const struct roster *roster);

#endif
