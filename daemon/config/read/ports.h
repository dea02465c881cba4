/* `ports` of a record: the ports of the service that its endpoints offer. */
#ifndef SHUNT_CONFIG_READ_PORTS_H
#define SHUNT_CONFIG_READ_PORTS_H

#include "config/value.h"

/*
 * Must be called after the endpoints were read: if the option is absent, the ports are those of
 * their checks, through calculated ones too. The result is sorted, each port once; it is empty if
 * there is no port, or if the checks have more than CONFIG_PORTS_MAX.
 */
bool config_ports_read(const struct config_group *group, struct record_config *record);

#endif
