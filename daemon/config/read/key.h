/*
 * The key of a check: all options that affect its probe, in canonical form. Checks with equal keys
 * make equal probes.
 */
#ifndef SHUNT_CONFIG_READ_KEY_H
#define SHUNT_CONFIG_READ_KEY_H

#include "config/config.h"

struct arena;

/*
 * The children of a calculated check must have their keys already. The text is allocated in the
 * arena and contains no secrets.
 */
const char *config_key_make(struct arena *arena, const struct check *check);

#endif
