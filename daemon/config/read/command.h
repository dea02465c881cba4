/* A `command`: the program and what it is given. */
#ifndef SHUNT_CONFIG_READ_COMMAND_H
#define SHUNT_CONFIG_READ_COMMAND_H

#include "config/value.h"

/*
 * Reads a command, which ends with NULL. The program must be there, and must look like one that can be run. `example` is how the
 * setting is written.
 */
bool config_command_read(const struct config_group *group, enum option option, const char *example,
                         const char *const **out);

/* Reads `command` into a check whose port has been read: its arguments may have letters, "%a". */
bool config_command_of_check(const struct config_group *group, struct check *check);

#endif
