#include "probe/kind/ending.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/kind/errno_words.h"

void ending_set(struct ending *ending, enum probe_why why, const char *format, ...)
{
	va_list args;

	ending->why = why;
	ending->path = probe_why_verdict(why) == VERDICT_NONE ? PATH_UNKNOWN : PATH_PROVEN;
	va_start(args, format);
	vsnprintf(ending->text, sizeof(ending->text), format, args);
	va_end(args);
}

void ending_set_broken(struct ending *ending, const char *before, int error)
{
	const struct probe_outcome *outcome = probe_errno_broken(error);
	const char *words = outcome->words ? outcome->words : strerror(error);

	ending_set(ending, outcome->why, "%s%s",
	           probe_why_verdict(outcome->why) == VERDICT_NONE ? "" : before, words);
	ending->path = outcome->path;
}
