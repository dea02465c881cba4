/* The options of checks that use TLS. */
#ifndef SHUNT_CONFIG_READ_TLS_H
#define SHUNT_CONFIG_READ_TLS_H

#include "config/value.h"

/*
 * A client's certificate and its key, which the file of the certificate may have, too; NULL both if there
 * is none. The key must not be open to every user.
 */
bool config_tls_read_pair(const struct config_group *group, enum option cert_option,
                          enum option key_option, const char **cert_path, const char **key_path);

bool config_tls_read(const struct config_group *group, struct check *check);

#endif
