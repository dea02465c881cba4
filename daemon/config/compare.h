/* Compares two configurations. Pure. */
#ifndef SHUNT_CONFIG_COMPARE_H
#define SHUNT_CONFIG_COMPARE_H

#include <stdbool.h>

#include "config/config.h"

/* Whether two records are equal: names, aliases, policy, and each endpoint's sources and check. */
bool config_compare_record(const struct record_config *a, const struct record_config *b);

bool config_compare_sources(const struct endpoint_config *a, const struct endpoint_config *b);

/*
 * Calls `found` for each record that differs or is in only one of the two (the other is NULL),
 * sorted by name.
 */
typedef void config_compare_found(void *arg, const struct record_config *before,
                                  const struct record_config *after);
void config_compare(const struct config *before, const struct config *after,
                    config_compare_found *found, void *arg);

#endif
