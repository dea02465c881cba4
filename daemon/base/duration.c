#include "base/duration.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t ms;
} units[] = { { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };

#define UNITS (sizeof(units) / sizeof(units[0]))

enum duration_error duration_parse(const char *text, uint32_t *ms)
{
	uint64_t number = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		number = number * 10 + (uint64_t)(*p - '0');
		if (number > DURATION_MAX_MS)
			return DURATION_TOO_LONG;
	}
	if (p == text)
		return DURATION_BAD;
	if (!*p)
		return DURATION_NO_UNIT;
	for (size_t i = 0; i < UNITS; i++) {
		if (strcmp(p, units[i].name) != 0)
			continue;
		number *= units[i].ms;
		if (number > DURATION_MAX_MS)
			return DURATION_TOO_LONG;
		*ms = (uint32_t)number;
		return DURATION_OK;
	}
	return DURATION_BAD;
}

const char *duration_format(uint32_t ms, char text[DURATION_TEXT_MAX])
{
	size_t i = 0;

	while (ms == 0 ? i < 2 : ms % units[i].ms != 0)
		i++;
	snprintf(text, DURATION_TEXT_MAX, "%u%s", ms / units[i].ms, units[i].name);
	return text;
}
