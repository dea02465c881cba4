/*
 * The roster: a configuration's records as they run.
 *
 * The monitor builds one for each configuration, from the one before it, and frees that. The roster decides nothing.
 */
#ifndef SHUNT_MONITOR_ROSTER_H
#define SHUNT_MONITOR_ROSTER_H

#include <stddef.h>

#include "config/config.h"
#include "monitor/record.h"

struct roster {
	struct record *records;
	size_t count;
	struct endpoint_parts parts;
};

/*
 * `old` may be NULL. What it knows of the same records, endpoints and addresses is carried over, and it must be freed after the first
 * election of each record (decision.gone belongs to its configuration). `config` must outlive the roster.
 */
struct roster *roster_build(const struct config *config, const struct roster *old,
                            const struct endpoint_parts *parts);
void roster_free(struct roster *roster);

/* The record of that name or alias, in any case, with or without a final dot; NULL. */
struct record *roster_find(const struct roster *roster, const char *name);

/* How many names have had no answer yet. */
size_t roster_unresolved(const struct roster *roster);

#endif
