/* The orders for the fleet that are in force, as the keys say. */
#ifndef SHUNT_FLEET_COMMANDS_H
#define SHUNT_FLEET_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "fleet/value.h"

#define COMMANDS_MAX 100000u /* those beyond are ignored */

struct commands_order {
	char record[SHUNT_NAME_MAX + 1];
	struct value_order *value; /* owned */
	bool seen;                 /* since commands_begin() */
};

struct commands {
	struct commands_order **list; /* sorted by record */
	size_t count, room;
	/* Called for each record whose order is new, another or gone. */
	void (*changed)(void *arg, const char *record);
	void *arg;
};

void commands_free(struct commands *orders);

/* Takes ownership of `value`. Returns false, and frees it, if there are too many. */
bool commands_put(struct commands *orders, const char *record, struct value_order *value);
void commands_remove(struct commands *orders, const char *record);

/* As hosts_begin() and hosts_end(). */
void commands_begin(struct commands *orders);
void commands_end(struct commands *orders);

/* NULL if there is none. */
const struct fleet_order *commands_find(const struct commands *orders, const char *record);

/* The earliest `until` after `now`; 0 if there is none. */
time_t commands_next_end(const struct commands *orders, time_t now);

#endif
