/* Time as it passes, in milliseconds; only differences mean something. */
#ifndef SHUNT_CLI_CLOCK_H
#define SHUNT_CLI_CLOCK_H

#include <time.h>

static inline long long clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
