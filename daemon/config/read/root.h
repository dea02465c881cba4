/* Reads the outermost group of a configuration and, from it, all others. */
#ifndef SHUNT_CONFIG_READ_ROOT_H
#define SHUNT_CONFIG_READ_ROOT_H

#include "config/value.h"

bool config_root_read(struct config_reader *reader, const struct tree *root, struct config *config);

#endif
