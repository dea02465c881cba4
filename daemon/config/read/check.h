/* Checks: converts a group of settings to a struct check. */
#ifndef SHUNT_CONFIG_READ_CHECK_H
#define SHUNT_CONFIG_READ_CHECK_H

#include "config/value.h"

/* Reads `checks` into the reader, where config_check_find() finds them by name. */
bool config_checks_read(const struct config_group *file);

/* Reads an endpoint's `check`: the name of a check in `checks`, or a group that defines one. */
bool config_check_of(struct config_reader *reader, const struct tree *setting,
                     const struct check **out);

#endif
