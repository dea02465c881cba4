/*
 * Files in, one text for libconfig out.
 *
 * libconfig never opens a file: it would call exit() on a folder, hang on a FIFO, and read another file than the one that
 * was examined. So @include is expanded here (its path starts at the configuration's folder), and what libconfig 1.5 gets wrong is
 * caught or mended on the way:
 *   - an integer beyond 32 bits, which it would wrap, becomes the nearest integer of 32 bits; no option allows that one, so its
 *     reader refuses it
 *   - a number that begins with 0, or has letters behind it, which each release reads in its own way: a syntax error
 *   - a string where none may stand, which it would leak, a NUL, brackets that do not match: a syntax error
 *   - a comment at the end of a file without a newline, which it does not understand, is dropped with all others
 */
#ifndef SHUNT_CONFIG_SCAN_H
#define SHUNT_CONFIG_SCAN_H

#include "config/error.h"
#include "config/text.h"

#define CONFIG_TEXT_MAX (64u << 20) /* bytes of all files together */
#define CONFIG_INCLUDE_MAX 10u /* files open at one time besides the first; libconfig's own limit */
#define CONFIG_NESTING_MAX 32u /* brackets; the grammar needs 8 */
/* Files in total: empty files that include each other would take forever. */
#define CONFIG_INCLUDES_MAX 1000u
/* Settings in one group: libconfig compares each name with all before it. */
#define CONFIG_SETTINGS_MAX 4096u

/* Returns NULL and fills `error` on failure. */
struct config_text *config_scan(const char *path, char error[CONFIG_ERROR_MAX]);

#endif
