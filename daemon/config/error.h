/* The one line that a mistake in a configuration becomes. */
#ifndef SHUNT_CONFIG_ERROR_H
#define SHUNT_CONFIG_ERROR_H

#include <stdbool.h>

#define CONFIG_ERROR_MAX 1024 /* bytes, with the final zero */

/*
 * Fills `error` as printf does; what would break the line or the terminal is shown as '?'. Always false, so that a check ends
 * in `return config_error(…)`.
 */
bool config_error(char error[CONFIG_ERROR_MAX], const char *format, ...)
        __attribute__((format(printf, 2, 3)));

#endif
