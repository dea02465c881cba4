/* The key of a check: all the options that make its probe, in canonical form. Equal keys, equal probes. */
#ifndef SHUNT_CONFIG_READ_KEY_H
#define SHUNT_CONFIG_READ_KEY_H

#include "config/config.h"

struct arena;

/* The checks that `check` is calculated from must have theirs. The text is the arena's, and has no secret in it. */
const char *config_key_make(struct arena *arena, const struct check *check);

#endif
