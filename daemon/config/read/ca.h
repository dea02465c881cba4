/* Certificate files, examined while the configuration is read: a check whose file is bad could never pass. */
#ifndef SHUNT_CONFIG_READ_CA_H
#define SHUNT_CONFIG_READ_CA_H

/* NULL when `path` holds at least one certificate in PEM form, and none that is damaged; else what is wrong, valid until the next call. */
const char *config_ca_fault(const char *path);

#endif
