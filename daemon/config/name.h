/* Host names: which are good, and which stand twice. */
#ifndef SHUNT_CONFIG_NAME_H
#define SHUNT_CONFIG_NAME_H

#include <stddef.h>

/*
 * NULL when the `length` characters are a host name: labels of letters, digits, '-' and '_', the last one not all digits. Else
 * "what is wrong; the cure". A final dot is the caller's to leave out (config_name_length).
 */
const char *config_name_fault(const char *name, size_t length);

/* The length of a name without one final dot. */
size_t config_name_length(const char *name);

/* Names without case, each with whoever said it first. */
struct config_names;

struct config_names *config_names_new(void);
void config_names_free(struct config_names *names);

/* NULL when `name` is new: then it is kept, and must outlive the set. Else the owner of the one that is there. */
const void *config_names_add(struct config_names *names, const char *name, const void *owner);

#endif
