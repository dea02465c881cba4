/* "Did you mean": of several names the one nearest to what was written, by edit distance. Pure; shared by daemon and cli. */
#ifndef SHUNT_BASE_NEAR_H
#define SHUNT_BASE_NEAR_H

#include <stddef.h>

struct near {
	const char *written;
	const char *best; /* NULL: none is near */
	size_t distance;
};

void near_init(struct near *near, const char *written);
void near_offer(struct near *near, const char *name);

/* The nearest of a list; NULL: none is near. */
const char *near_find(const char *written, const char *const *names, size_t count);

#endif
