/* A wall-clock time as text, for people and programs: RFC 3339 in UTC, "2026-11-25T05:00:00Z". */
#ifndef SHUNT_BASE_MOMENT_H
#define SHUNT_BASE_MOMENT_H

#include <time.h>

#define MOMENT_TEXT_MAX 40

/* Returns `text`; NULL if the time cannot be represented. */
const char *moment_format(time_t when, char text[MOMENT_TEXT_MAX]);

#endif
