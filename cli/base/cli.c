#include "base/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/human.h"

/* Longer than any path, name and reason that can occur together in one line. */
#define LINE_SIZE 8192

static void print_line(const char *format, va_list args, const char *hint)
{
	char line[LINE_SIZE];

	vsnprintf(line, sizeof(line), format, args);
	human_printable(line);
	fprintf(stderr, "shunt: %s%s\n", line, hint);
}

void cli_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args, "");
	va_end(args);
}

int cli_usage(const char *command, const char *format, ...)
{
	char hint[80];
	va_list args;

	snprintf(hint, sizeof(hint), " (see 'shunt help%s%s')", command ? " " : "",
	         command ? command : "");
	va_start(args, format);
	print_line(format, args, hint);
	va_end(args);
	return CLI_USAGE;
}

int cli_finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	cli_error("cannot write the output: %s", strerror(errno));
	return CLI_OUTPUT;
}
