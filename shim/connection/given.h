/*
 * The addresses that this process was given for names whose records do something for connections:
 * a table of fixed size, without locks, allocations and system calls. A lookup adds to it (the entry
 * points call given_add()); connect() asks it (steer calls the others), in any thread, in a child
 * after a fork, in a handler of a signal. What such a child or handler finds half written is not
 * found: the connection passes.
 *
 * An address belongs to the name that was looked up last among those that have it. The table
 * outlives the daemon's tables: it has names, with which the record is found in the table in force.
 */
#ifndef SHUNT_SHIM_GIVEN_H
#define SHUNT_SHIM_GIVEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hot.h"
#include "core/table.h"

#define GIVEN_NAMES 256u      /* more names of such records in one process pass through */
#define GIVEN_ADDRESSES 1024u /* when there is no room, the address given longest ago leaves */

extern HOT atomic_bool given_some;

/* Whether there is any address: the cost of every connect() of a process that has none. */
static inline bool given_any(void)
{
	return atomic_load_explicit(&given_some, memory_order_relaxed);
}

/*
 * Called with every answer that the program gets. The addresses of a record that leaves connections
 * alone, and of an answer by SHUNT_FORCE, are forgotten: a comparison if there is none to forget.
 */
void given_add(const struct table_answer *answer);

struct given {
	const char *name; /* the record's; never changes, lives as long as the process */
	uint32_t length;
};

/* Returns false if this process was not given that address. */
bool given_find(const struct shunt_address *address, struct given *out);

/*
 * This process failed to connect there: for GIVEN_DOUBT_MS it is in doubt here, whatever the table
 * says.
 */
#define GIVEN_DOUBT_MS 2000u
void given_fail(const struct shunt_address *address, uint32_t now);
bool given_in_doubt(const struct shunt_address *address, uint32_t now);

#endif
