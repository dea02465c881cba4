/*
 * The log: one line for each thing that a person should know.
 *
 * A line goes to standard error, the wall-clock time (UTC) before it. Where the journal is at the other end (JOURNAL_STREAM says so) it goes
 * to the journal's own socket instead, with its fields; and where that does not take it, to standard error after all, with
 * the priority prefix of sd-daemon(3). Writing never waits for the reader: lines without room are counted, and their number is the next
 * line that has some.
 *
 *   log            which lines, and where they go
 *   log_journal    the journal's protocol
 */
#ifndef SHUNT_BASE_LOG_H
#define SHUNT_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log_journal.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above `level` are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* Where the journal takes lines, unless it is where it always is. The text stays the caller's. */
void log_set_journal(const char *path);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line with fields, which the journal alone keeps. The array ends with one that has no name. */
void log_fields(enum log_level level, const struct log_field *fields, const char *text);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For a warning that may come again and again: it is logged once a minute. */
#define LOG_THROTTLE_MS 60000u

struct log_throttle {
	uint64_t passed_ms; /* when it last let one pass; 0: never */
};

/* True, and the minute begins anew, when a line may be logged. `now_ms` is clock_ms(). */
bool log_throttle_pass(struct log_throttle *throttle, uint64_t now_ms);

/*
 * For broken invariants and memory that has run out: logs the line and ends the process with status 1, without any cleanup. It is no
 * abort(): the daemon is not dumpable, so a core is never written, and a signal says less than a line.
 */
_Noreturn void log_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
