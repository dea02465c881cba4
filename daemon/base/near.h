/*
 * "Did you mean": finds the name nearest to the input, by edit distance. Pure; shared by daemon and
 * cli.
 */
#ifndef SHUNT_BASE_NEAR_H
#define SHUNT_BASE_NEAR_H

#include <stddef.h>

struct near {
	const char *written;
	const char *best; /* NULL if no name is near */
	size_t distance;
};

void near_init(struct near *near, const char *written);
void near_offer(struct near *near, const char *name);

/* Returns the nearest name of a list; NULL if none is near. */
const char *near_find(const char *written, const char *const *names, size_t count);

#endif
