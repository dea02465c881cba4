#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* One line, its prefix and newline included: 4,096 bytes is the atomic size of a pipe (PIPE_BUF). */
#define LINE_MAX_BYTES 4096

static enum log_level threshold = LOG_LEVEL_INFO;
static unsigned lost; /* lines that found no room */

void log_set_level(enum log_level level)
{
	threshold = level;
}

/* The variable is inherited by whatever a service starts, a desktop's terminals too: it tells whose standard error it means. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

static size_t prefix(enum log_level level, char *line, size_t size)
{
	static const char *const words[] = { "error: ", "warning: ", "", "debug: " };
	static const int priorities[] = { 3, 4, 6, 7 }; /* syslog(3) */
	struct timespec now;
	struct tm tm;
	size_t n;

	if (is_journal())
		return (size_t)snprintf(line, size, "<%d>", priorities[level]);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(line + n, size - n, ".%03ldZ %s", now.tv_nsec / 1000000,
	                            words[level]);
}

/*
 * A stopped terminal or a pipe that nobody reads must not stop us: the descriptor is shared, so it is asked for room instead of made
 * non-blocking. A pipe that has any takes PIPE_BUF bytes.
 */
static bool put(const char *line, size_t length)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&room, 1, 0) == 1 && room.revents & POLLOUT &&
	       write(STDERR_FILENO, line, length) == (ssize_t)length;
}

static void say_lost(void)
{
	char line[128];
	size_t n = prefix(LOG_LEVEL_WARNING, line, sizeof(line));

	n += (size_t)snprintf(line + n, sizeof(line) - n, "%u lines of the log found no room\n",
	                      lost);
	if (put(line, n))
		lost = 0;
}

static void write_line(enum log_level level, const char *format, va_list args)
{
	char line[LINE_MAX_BYTES];
	size_t n = prefix(level, line, sizeof(line));
	int more = vsnprintf(line + n, sizeof(line) - n - 1, format, args);

	if (more > 0)
		n += (size_t)more < sizeof(line) - n - 1 ? (size_t)more : sizeof(line) - n - 2;
	line[n++] = '\n';
	if (lost)
		say_lost();
	if (lost || !put(line, n))
		lost++;
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

void fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(LOG_LEVEL_ERROR, format, args);
	va_end(args);
	abort();
}

void *xcalloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		fatal("out of memory");
	return memory;
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!memory)
		fatal("out of memory");
	return memory;
}

char *xstrdup(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		fatal("out of memory");
	return copy;
}
