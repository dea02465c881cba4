/* What an http check sends, and what it expects of the answer. */
#ifndef SHUNT_CONFIG_READ_REQUEST_H
#define SHUNT_CONFIG_READ_REQUEST_H

#include "config/value.h"

bool config_request_read(const struct config_group *group, struct check *check);

/* Whether the check sends what only the right server may see. */
bool config_request_is_secret(const struct check *check);

#endif
