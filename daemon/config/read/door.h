/* `door`: the cgroups whose connections are led by the kernel. */
#ifndef SHUNT_CONFIG_READ_DOOR_H
#define SHUNT_CONFIG_READ_DOOR_H

#include "config/value.h"

bool config_door_read(const struct config_group *file, struct config *config);

#endif
