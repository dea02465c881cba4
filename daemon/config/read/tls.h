/* The options of checks that use TLS. */
#ifndef SHUNT_CONFIG_READ_TLS_H
#define SHUNT_CONFIG_READ_TLS_H

#include "config/value.h"

/*
 * What is wrong with a client's certificate and its key, two readable files that exist; NULL if nothing
 * is. The key must not be open to every user.
 */
const char *config_tls_pair_fault(const char *cert_path, const char *key_path);

bool config_tls_read(const struct config_group *group, struct check *check);

#endif
