/*
 * Checks certificate files while the configuration is read: a check whose file is invalid could
 * never pass.
 */
#ifndef SHUNT_CONFIG_READ_CA_H
#define SHUNT_CONFIG_READ_CA_H

/*
 * Returns NULL if `path` holds at least one certificate in PEM form, and no damaged one; otherwise
 * the problem, valid until the next call.
 */
const char *config_ca_fault(const char *path);

#endif
