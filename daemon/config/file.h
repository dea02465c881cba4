/* A file that a configuration names, read at once and whole: never a folder, never a FIFO or device that would hang us. */
#ifndef SHUNT_CONFIG_FILE_H
#define SHUNT_CONFIG_FILE_H

#include <stddef.h>

/*
 * At most `max` bytes of a regular file, and a zero behind them; free() it. NULL with `*why` saying what is wrong: a constant,
 * or strerror()'s text, valid until its next call.
 */
char *config_file_read(const char *path, size_t max, size_t *length, const char **why);

/* The same, but not of a file that every user may read or write. */
char *config_file_read_secret(const char *path, size_t max, size_t *length, const char **why);

#endif
