/*
 * Reads the files of a configuration and produces one text for libconfig.
 *
 * libconfig never opens a file: it would call exit() on a folder, block on a FIFO, and might read a
 * different file from the one that was examined. Therefore @include is expanded here (its path is
 * relative to the configuration's folder), and errors of libconfig 1.5 are detected or worked
 * around:
 *   - an integer beyond 32 bits, which libconfig would wrap, becomes the nearest 32-bit integer; no
 *     option allows that value, so the reader of the option rejects it
 *   - a number that begins with 0 or is followed by letters, which releases read differently: a
 *     syntax error
 *   - a string where none is allowed, which libconfig would leak; a NUL; brackets that do not
 *     match: syntax errors
 *   - a comment at the end of a file without a newline, which libconfig does not accept, is dropped
 *     like all other comments
 */
#ifndef SHUNT_CONFIG_SCAN_H
#define SHUNT_CONFIG_SCAN_H

#include "config/error.h"
#include "config/text.h"

#define CONFIG_TEXT_MAX (64u << 20) /* bytes in all files together */
/* Files open at the same time besides the first; libconfig's own limit. */
#define CONFIG_INCLUDE_MAX 10u
#define CONFIG_NESTING_MAX 32u /* depth of brackets; the grammar needs 8 */
/* Total number of files: empty files that include each other would take forever. */
#define CONFIG_INCLUDES_MAX 1000u
/* Settings in one group: libconfig compares each name with all previous ones. */
#define CONFIG_SETTINGS_MAX 4096u

/* Returns NULL and fills `error` on failure. */
struct config_text *config_scan(const char *path, char error[CONFIG_ERROR_MAX]);

/*
 * The same for a program that is more trusted than the user who started it: each file must belong to
 * root, and not be writable by other users.
 */
struct config_text *config_scan_trusted(const char *path, char error[CONFIG_ERROR_MAX]);

#endif
