/*
 * The log: one line for each event that an operator should know about.
 *
 * A line is written to standard error, preceded by the wall-clock time (UTC). If standard error is
 * connected to the journal (according to JOURNAL_STREAM), the line is sent to the journal's own
 * socket instead, with its fields; if that fails, it is written to standard error with the priority
 * prefix of sd-daemon(3). Writing never blocks: lines that cannot be written are counted, and their
 * number is logged in the next line that can.
 *
 *   log            selects the lines and where they go
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

/*
 * Sets the path of the journal's socket, if it is not the default one. The text stays owned by the
 * caller.
 */
void log_set_journal(const char *path);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Logs a line with fields, which only the journal stores. The array ends with an element without a
 * name.
 */
void log_fields(enum log_level level, const struct log_field *fields, const char *text);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For a repeated warning: it is logged at most once a minute. */
#define LOG_THROTTLE_MS 60000u

/* All zeros at first. */
struct log_throttle {
	uint64_t passed_ms; /* time at which a line was last allowed; 0 if never */
	uint64_t unsaid;    /* events counted since */
};

/*
 * Counts `count` events, which may be 0. If there are any that no line has reported, and a line may
 * be logged now: returns their number, and starts a new minute. Otherwise returns 0. `now_ms` is
 * clock_ms().
 */
uint64_t log_throttle_count(struct log_throttle *throttle, uint64_t count, uint64_t now_ms);

/* The same for one event, if the line does not report the number. */
bool log_throttle_pass(struct log_throttle *throttle, uint64_t now_ms);

/*
 * For broken invariants and lack of memory: logs the line and exits with status 1, without any
 * cleanup. abort() is not used: the daemon is not dumpable, so no core would be written, and a
 * signal is less informative than a line.
 */
_Noreturn void log_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
