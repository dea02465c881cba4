/* The options of checks that use TLS. */
#ifndef SHUNT_CONFIG_READ_TLS_H
#define SHUNT_CONFIG_READ_TLS_H

#include "config/value.h"

bool config_tls_read(const struct config_group *group, struct check *check);

#endif
