/*
 * The roster: the records of a configuration at run time.
 *
 * The monitor builds a roster for each configuration from the previous roster, which it then frees.
 * The roster makes no decisions.
 */
#ifndef SHUNT_ROSTER_ROSTER_H
#define SHUNT_ROSTER_ROSTER_H

#include <stddef.h>

#include "config/config.h"
#include "roster/record.h"

struct roster {
	struct record *records;
	struct endpoint *endpoints; /* of all records, in their order */
	size_t count;               /* of the records */
	struct endpoint_parts parts;
};

/*
 * `old` may be NULL. Its state of the same records, endpoints and addresses is carried over; it
 * must be freed only after the first election of each record (decision.gone belongs to its
 * configuration). `config` must outlive the roster.
 */
struct roster *roster_build(const struct config *config, const struct roster *old,
                            const struct endpoint_parts *parts);
void roster_free(struct roster *roster);

/*
 * Finds the record with that name or alias, in any case, with or without a final dot; NULL if there
 * is none.
 */
struct record *roster_find(const struct roster *roster, const char *name);

/* Number of names that have not been answered yet. */
size_t roster_unresolved(const struct roster *roster);

#endif
