/*
 * Reads a whole file named in a configuration; rejects folders, and FIFOs and devices that would
 * block.
 */
#ifndef SHUNT_CONFIG_FILE_H
#define SHUNT_CONFIG_FILE_H

#include <stddef.h>

/*
 * Returns the contents of a regular file of at most `max` bytes, NUL-terminated; the caller frees
 * it. On failure returns NULL and sets `*why` to a constant or to strerror()'s text, valid until
 * its next call.
 */
char *config_file_read(const char *path, size_t max, size_t *length, const char **why);

/*
 * Like config_file_read(), but rejects a file that does not belong to root, or that anybody else
 * may write to.
 */
char *config_file_read_trusted(const char *path, size_t max, size_t *length, const char **why);

/* Like config_file_read(), but rejects a file that every user may read or write. */
char *config_file_read_secret(const char *path, size_t max, size_t *length, const char **why);

#endif
