#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * Size of a line including prefix and newline: 4,096 bytes is the size up to which writes to a pipe
 * are atomic (PIPE_BUF).
 */
#define LINE_MAX_BYTES 4096

static const int priorities[] = { 3, 4, 6, 7 }; /* syslog(3) */

static enum log_level threshold = LOG_LEVEL_INFO;
static const char *journal = LOG_JOURNAL_SOCKET;
static unsigned lost; /* number of lines dropped because they could not be written */

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_set_journal(const char *path)
{
	journal = path;
}

/* --- standard error --------------------------------------------------------------------------- */

static size_t prefix(enum log_level level, bool is_journal, char *line, size_t size)
{
	static const char *const words[] = { "error: ", "warning: ", "", "debug: " };
	struct timespec now;
	struct tm tm;
	size_t n;

	if (is_journal)
		return (size_t)snprintf(line, size, "<%d>", priorities[level]);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(line + n, size - n, ".%03ldZ %s", now.tv_nsec / 1000000,
	                            words[level]);
}

/*
 * A stopped terminal, or a pipe without an active reader, must not block the daemon. The descriptor
 * is shared with other processes, so it is polled instead of made non-blocking. A pipe that is
 * writable accepts PIPE_BUF bytes.
 */
static bool put(const char *line, size_t length)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&room, 1, 0) == 1 && room.revents & POLLOUT &&
	       write(STDERR_FILENO, line, length) == (ssize_t)length;
}

static bool put_text(enum log_level level, bool is_journal, const char *text)
{
	char line[LINE_MAX_BYTES];
	size_t n = prefix(level, is_journal, line, sizeof(line));

	n += (size_t)snprintf(line + n, sizeof(line) - n, "%s", text);
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	return put(line, n);
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool say(enum log_level level, const struct log_field *fields, const char *text)
{
	bool is_journal = log_journal_is_stderr();

	return (is_journal && log_journal_send(journal, priorities[level], text, fields)) ||
	       put_text(level, is_journal, text);
}

static bool say_lost(void)
{
	char text[64];

	snprintf(text, sizeof(text), "%u lines of the log found no room", lost);
	return say(LOG_LEVEL_WARNING, NULL, text);
}

void log_fields(enum log_level level, const struct log_field *fields, const char *text)
{
	if (level > threshold)
		return;
	if (lost && say_lost())
		lost = 0;
	if (lost || !say(level, fields, text))
		lost++;
}

static void write_line(enum log_level level, const char *format, va_list args)
{
	char text[LINE_MAX_BYTES];

	vsnprintf(text, sizeof(text), format, args);
	log_fields(level, NULL, text);
}

void log_write(enum log_level level, const char *format, ...)
{
	va_list args;

	if (level > threshold)
		return;
	va_start(args, format);
	write_line(level, format, args);
	va_end(args);
}

uint64_t log_throttle_count(struct log_throttle *throttle, uint64_t count, uint64_t now_ms)
{
	uint64_t unsaid = throttle->unsaid += count;

	if (!unsaid || (throttle->passed_ms && now_ms - throttle->passed_ms < LOG_THROTTLE_MS))
		return 0;
	throttle->passed_ms = now_ms;
	throttle->unsaid = 0;
	return unsaid;
}

bool log_throttle_pass(struct log_throttle *throttle, uint64_t now_ms)
{
	return log_throttle_count(throttle, 1, now_ms) > 0;
}

void log_fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(LOG_LEVEL_ERROR, format, args);
	va_end(args);
	_exit(EXIT_FAILURE);
}
