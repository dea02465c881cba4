/*
 * Chooses the hosts of a drill: a share of the fleet, spread over its sites in proportion to their
 * size. Pure.
 *
 * The choice depends on the hosts and the seed alone. With the same seed a larger share has the hosts of
 * a smaller one, and more: a drill that went well can be widened.
 */
#ifndef SHUNT_POLICY_CANARY_H
#define SHUNT_POLICY_CANARY_H

#include <stddef.h>
#include <stdint.h>

struct canary_host {
	const char *name, *site;
	/* Private. */
	uint32_t hash;
	uint64_t place;
};

/*
 * Returns how many are chosen: `percent` (1 to 100) of `count`, rounded down, but at least one if
 * there is any. Reorders `hosts`: the chosen ones are the first, in the order of their names.
 */
size_t canary_choose(struct canary_host *hosts, size_t count, unsigned percent, const char *seed);

#endif
