/*
 * The log: one line on standard error for each thing that a person should know.
 *
 * Outside a service manager a line starts with the wall-clock time (UTC); under one (JOURNAL_STREAM names our standard error) it
 * starts with the priority prefix of sd-daemon(3). Nothing waits for whoever reads it: lines without room are counted, and
 * their number is the next line that has some.
 */
#ifndef SHUNT_LOG_H
#define SHUNT_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above `level` are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For broken invariants and memory that ran out at start only: says so and aborts. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc, calloc and strdup that end in fatal(). For sizes that we choose, never for sizes from outside. */
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);

#endif
