/* Formats numbers, times and untrusted text for people. Pure. */
#ifndef SHUNT_CLI_BASE_HUMAN_H
#define SHUNT_CLI_BASE_HUMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define HUMAN_TIME_MAX 48

/* "0s", "59s", "5m 3s", "2h 5m", "3d 4h". Negative values are shown as "0s". Returns `text`. */
const char *human_duration(long long seconds, char text[HUMAN_TIME_MAX]);

/* Parses an RFC 3339 time in UTC as the daemon writes it; -1 for anything else. */
time_t human_read_time(const char *text);

/* "0.4 ms", "12 ms", "1.5 s". Returns `text`. */
const char *human_latency(double ms, char text[HUMAN_TIME_MAX]);

/* Replaces control characters and non-ASCII characters by '?', in place. Returns `text`. */
char *human_printable(char *text);

#endif
