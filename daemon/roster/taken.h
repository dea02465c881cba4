/*
 * Which addresses are being answered with now, by which records: what must not be reset. A mapped
 * address is the IPv4 address, since the same connections go there.
 *
 * Made for one look, since the next verdict may change it; costs a walk over all records.
 */
#ifndef SHUNT_ROSTER_TAKEN_H
#define SHUNT_ROSTER_TAKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

struct record;
struct roster;

struct taken_one {
	struct address address;
	const struct record *record;
};

struct taken {
	struct taken_one *list; /* sorted by address */
	size_t count;
};

/* Must be freed with taken_free() before the roster changes. */
void taken_read(const struct roster *roster, struct taken *taken);
void taken_free(struct taken *taken);

/* Whether `record` itself answers with the address. */
bool taken_by(const struct taken *taken, const struct address *address,
              const struct record *record);

/*
 * Another record that answers with the address at one of the ports of `record`, or whose ports are
 * not known; NULL if there is none.
 */
const struct record *taken_by_other(const struct taken *taken, const struct address *address,
                                    const struct record *record);

#endif
