#include "base/moment.h"

#include <stddef.h>

const char *moment_format(time_t when, char text[MOMENT_TEXT_MAX])
{
	struct tm tm;

	if (!gmtime_r(&when, &tm) || !strftime(text, MOMENT_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return text;
}
