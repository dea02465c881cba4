/* Checks: a group of settings → struct check. */
#ifndef SHUNT_CONFIG_READ_CHECK_H
#define SHUNT_CONFIG_READ_CHECK_H

#include "config/value.h"

/* Reads `checks` into the reader, where config_check_find() finds them by name. */
bool config_checks_read(const struct config_group *file);

/* What an endpoint's `check` says: a name of one in `checks`, or a group of its own. */
bool config_check_of(struct config_reader *reader, const struct tree *setting,
                     const struct check **out);

#endif
