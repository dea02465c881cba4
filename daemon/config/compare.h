/* What one configuration has and another has not, or has otherwise. Pure. */
#ifndef SHUNT_CONFIG_COMPARE_H
#define SHUNT_CONFIG_COMPARE_H

#include <stdbool.h>

#include "config/config.h"

/* Whether they mean the same: names, aliases, policy, and each endpoint with its sources and its check. */
bool config_compare_record(const struct record_config *a, const struct record_config *b);

bool config_compare_sources(const struct endpoint_config *a, const struct endpoint_config *b);

/*
 * Calls `found` for each record that stands in one only (the other is NULL) or in both in different form, in the order of
 * their names.
 */
typedef void config_compare_found(void *arg, const struct record_config *before,
                                  const struct record_config *after);
void config_compare(const struct config *before, const struct config *after,
                    config_compare_found *found, void *arg);

#endif
