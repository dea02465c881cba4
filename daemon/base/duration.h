/* Durations as people write them: a whole number and a unit, "500ms", "10s", "5m", "1h". */
#ifndef SHUNT_BASE_DURATION_H
#define SHUNT_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#define DURATION_MAX_MS                                                                            \
	UINT32_C(2073600000) /* 24 days, the maximum for timers that take an int of milliseconds */

enum duration_error { DURATION_OK, DURATION_NO_UNIT, DURATION_BAD, DURATION_TOO_LONG };

/* Parses all of `text` into milliseconds. Signs, spaces and fractions are rejected. */
enum duration_error duration_parse(const char *text, uint32_t *ms);

#define DURATION_TEXT_MAX 16

/* The shortest exact form: 90000 is "90s", 60000 is "1m". Returns `text`. */
const char *duration_format(uint32_t ms, char text[DURATION_TEXT_MAX]);

#endif
