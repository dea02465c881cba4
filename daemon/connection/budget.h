/*
 * Whether the connections that a configuration has watched are within this process's descriptors.
 */
#ifndef SHUNT_CONNECTION_BUDGET_H
#define SHUNT_CONNECTION_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/error.h"

/*
 * The number of connections that the configuration has watched: one for each check with `watch` and
 * address, a name counted as one address.
 */
size_t budget_needed(const struct config *config);

/*
 * Whether `descriptors` do not suffice. The configuration is in force all the same, and what cannot
 * be watched is only probed; `line` says so, with the place and the cure.
 */
bool budget_hint(const struct config *config, uint64_t descriptors, char line[CONFIG_ERROR_MAX]);

#endif
