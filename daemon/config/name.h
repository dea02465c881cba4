/* Host names: validation, and detection of duplicates. */
#ifndef SHUNT_CONFIG_NAME_H
#define SHUNT_CONFIG_NAME_H

#include <stddef.h>

/*
 * Returns NULL if the `length` characters are a valid host name: labels of letters, digits, '-' and
 * '_', the last one not all digits. Otherwise returns "the problem; the cure". The caller must
 * exclude a final dot (config_name_length).
 */
const char *config_name_fault(const char *name, size_t length);

/* The length of a name without its final dot, if it has one. */
size_t config_name_length(const char *name);

/* A set of names, case-insensitive, each with the owner that added it first. */
struct config_names;

struct config_names *config_names_new(void);
void config_names_free(struct config_names *names);

/*
 * Adds `name`, which must outlive the set, and returns NULL. If the set already has it, returns its
 * owner instead.
 */
const void *config_names_add(struct config_names *names, const char *name, const void *owner);

#endif
