/* A `command`: the program and its arguments. */
#ifndef SHUNT_CONFIG_READ_COMMAND_H
#define SHUNT_CONFIG_READ_COMMAND_H

#include "config/value.h"

/*
 * Reads a command; its last element is NULL. The program must exist and appear to be executable.
 * `example` shows how to write the setting.
 */
bool config_command_read(const struct config_group *group, enum option option, const char *example,
                         const char *const **out);

/*
 * Reads `command` into a check whose port has been read: its arguments may contain placeholders,
 * "%a".
 */
bool config_command_of_check(const struct config_group *group, struct check *check);

#endif
