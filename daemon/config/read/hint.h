/*
 * Traps: checks that are no mistake, but that take a healthy server out, or keep a dead one in, because of what well-known servers
 * answer. docs/recipes.md has the details. `shuntd -t` prints what is found.
 */
#ifndef SHUNT_CONFIG_READ_HINT_H
#define SHUNT_CONFIG_READ_HINT_H

#include "config/value.h"

/* Adds the line of the first trap that the check matches, if any, to the reader's hints. After all else of it has been read. */
void config_hint_find(const struct config_group *group, const struct check *check);

#endif
