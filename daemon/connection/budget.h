/*
 * Whether the connections that a configuration has watched are within this process's descriptors.
 */
#ifndef SHUNT_CONNECTION_BUDGET_H
#define SHUNT_CONNECTION_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/*
 * The number of connections that the configuration has watched: one for each check with `watch` and
 * address, a name counted as one address.
 */
size_t budget_needed(const struct config *config);

/*
 * Adds a hint to the configuration if `descriptors` do not suffice: it is in force all the same, and
 * what cannot be watched is only probed.
 */
void budget_check(struct config *config, uint64_t descriptors);

#endif
