/* Error messages about a configuration: one line each. */
#ifndef SHUNT_CONFIG_ERROR_H
#define SHUNT_CONFIG_ERROR_H

#include <stdbool.h>

#define CONFIG_ERROR_MAX 1024 /* bytes, with the final zero */

/*
 * Formats `error` like printf(). Characters that would break the line or the terminal become '?'.
 * Always returns false, for use as `return config_error(…)`.
 */
bool config_error(char error[CONFIG_ERROR_MAX], const char *format, ...)
        __attribute__((format(printf, 2, 3)));

#endif
