/* What somebody meant who wrote something else: the nearest of several names by edit distance. */
#ifndef SHUNT_BASE_NEAR_H
#define SHUNT_BASE_NEAR_H

#include <stddef.h>

struct config_near {
	const char *written;
	const char *best; /* NULL: none is near */
	size_t distance;
};

void config_near_init(struct config_near *near, const char *written);
void config_near_offer(struct config_near *near, const char *name);

#endif
