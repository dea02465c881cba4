/*
 * Typed readers of option values, with bounds checking: each returns the checked value of an option
 * of an open group, or its default. A reader that returns false has filled the error.
 */
#ifndef SHUNT_CONFIG_VALUE_H
#define SHUNT_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/group.h"

bool config_value_bool(const struct config_group *group, enum option option, bool *out);
bool config_value_integer(const struct config_group *group, enum option option, uint32_t *out);
/* Milliseconds. */
bool config_value_duration(const struct config_group *group, enum option option, uint32_t *out);
/* Sets `*out` to NULL if the option is absent and has no default. The arena owns the string. */
bool config_value_string(const struct config_group *group, enum option option, const char **out);
/* One of `words`, which end with NULL; `*out` is its index. Without a default it is required. */
bool config_value_word(const struct config_group *group, enum option option,
                       const char *const *words, int *out);
/* Absolute; a relative one starts at the configuration's folder. */
bool config_value_path(const struct config_group *group, enum option option, const char **out);
/* A host name, or with `ipv4` also an IPv4 address, without a final dot. NULL if absent. */
bool config_value_host(const struct config_group *group, enum option option, bool ipv4,
                       const char **out);
/* "address", "address:port" or "[address]:port". `port`: the default; 0: a port is required. */
bool config_value_socket_address(const char *text, uint16_t port, struct resolver_address *out);

/* The number of elements of a list or array, within the option's bounds; 0 if absent. */
bool config_value_list(const struct config_group *group, enum option option, size_t *count);
/* A list of host names, each checked. */
bool config_value_hosts(const struct config_group *group, enum option option,
                        const char *const **out, size_t *count);

/*
 * The text of a string setting, owned by the tree. Fills the error and returns NULL for other
 * types.
 */
const char *config_value_text(const struct config_reader *reader, const struct tree *setting);

#endif
