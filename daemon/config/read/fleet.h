/* `fleet`: the other hosts that decide with this one, and what a record says of them. */
#ifndef SHUNT_CONFIG_READ_FLEET_H
#define SHUNT_CONFIG_READ_FLEET_H

#include "config/value.h"

/* Must be called before the records are read. */
bool config_fleet_read(const struct config_group *file, struct config *config);

/* Once the record's policy has been read. */
bool config_fleet_read_record(const struct config_group *group, struct record_config *record);

#endif
