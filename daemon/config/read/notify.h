/* The programs that are run for events: the `notify` setting. */
#ifndef SHUNT_CONFIG_READ_NOTIFY_H
#define SHUNT_CONFIG_READ_NOTIFY_H

#include "config/value.h"

bool config_notify_read(const struct config_group *file, struct config *config);

#endif
