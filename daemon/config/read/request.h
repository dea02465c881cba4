/* The request of an http check, and the answer that it expects. */
#ifndef SHUNT_CONFIG_READ_REQUEST_H
#define SHUNT_CONFIG_READ_REQUEST_H

#include "config/value.h"

bool config_request_read(const struct config_group *group, struct check *check);

/* Whether the check sends data that only the right server may receive. */
bool config_request_is_secret(const struct check *check);

#endif
