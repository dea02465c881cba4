/* Records and their endpoints. */
#ifndef SHUNT_CONFIG_READ_RECORD_H
#define SHUNT_CONFIG_READ_RECORD_H

#include "config/value.h"

/* Must be called after config_checks_read(). */
bool config_records_read(const struct config_group *file, struct config *config);

#endif
