/*
 * The text of a configuration: files in, one text for libconfig out, and the way back from its lines to files and lines.
 *
 * libconfig never opens a file: it would call exit() on a folder, hang on a FIFO, and read another file than the one that
 * was examined. So @include is expanded here (its path starts at the configuration's folder), and what libconfig 1.5 gets wrong is
 * caught or mended on the way:
 *   - an integer beyond 32 bits, which it would wrap, becomes the nearest integer of 32 bits; no option allows that one, so its
 *     reader refuses it
 *   - a string where none may stand, which it would leak, a NUL, brackets that do not match: a syntax error
 *   - a comment at the end of a file without a newline, which it does not understand, is dropped with all others
 */
#ifndef SHUNT_CONFIG_TEXT_H
#define SHUNT_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

#define CONFIG_TEXT_MAX (64u << 20) /* bytes of all files together */
#define CONFIG_INCLUDE_MAX 10u /* files open at one time besides the first; libconfig's own limit */
#define CONFIG_NESTING_MAX 32u /* brackets; the grammar needs 8 */
#define CONFIG_INCLUDES_MAX                                                                        \
	1000u /* files in all: empty ones that include each other would take for ever */
#define CONFIG_SETTINGS_MAX                                                                        \
	4096u /* in one group: libconfig compares each name with all before it */

struct config_text;

/* NULL with `error` filled. */
struct config_text *config_text_load(const char *path, char error[CONFIG_ERROR_MAX]);
void config_text_free(struct config_text *text);

/* For config_read_string(); NULL after config_text_drop(), which keeps only what config_text_place() needs. */
const char *config_text_data(const struct config_text *text);
void config_text_drop(struct config_text *text);

struct config_place {
	const char *
	        file; /* as written, an included one below the configuration's folder; lives as long as the text */
	unsigned line;
};

/* Where line `line` of the data came from. */
struct config_place config_text_place(const struct config_text *text, unsigned line);

#endif
