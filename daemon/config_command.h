/* A check's `command`: the program and what it is given. */
#ifndef SHUNT_CONFIG_COMMAND_H
#define SHUNT_CONFIG_COMMAND_H

#include "config_value.h"

/* Reads `command` into a check whose port has been read. The program must be there, and must look like one that can be run. */
bool config_command_read(const struct config_group *group, struct check *check);

#endif
