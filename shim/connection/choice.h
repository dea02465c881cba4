/* Decides where a connection goes. Pure. */
#ifndef SHUNT_SHIM_CHOICE_H
#define SHUNT_SHIM_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/table.h"

#define CHOICE_TRIES_MAX 8u /* connects for one that the program makes */

/* Addresses that one connect of the program was tried at, the one that failed last at the end. */
struct choice_tried {
	uint32_t count;
	struct shunt_address addresses[CHOICE_TRIES_MAX];
};

/*
 * Whether connect() failed at the other end, or on the way there, so that another address may take
 * the connection. ECONNABORTED is also what Linux says once after a failure that was read by
 * SO_ERROR, and for a connect that an administrator ended.
 */
bool choice_is_failure(int error);

/*
 * Where to go instead of `asked` before the first try: an address that answers. NULL: `asked` is
 * right, because it answers, or nothing of its family does, or the record has no redirection.
 */
const struct shunt_address *choice_instead(const struct table_route *route,
                                           const struct shunt_address *asked);

/* The same, whether or not the record has redirection. */
const struct shunt_address *choice_instead_of(const struct table_route *route,
                                              const struct shunt_address *asked);

/*
 * Where to go next after the tries so far failed: an address that answers, else one that may follow
 * and is not in doubt, else one that may follow. NULL: nowhere.
 */
const struct shunt_address *choice_next(const struct table_route *route,
                                        const struct choice_tried *tried);

/* Whether the table has this address in doubt; false if it is not there. */
bool choice_in_doubt(const struct table_route *route, const struct shunt_address *address);

/* Returns false if there is no room for it: no further try. */
bool choice_remember(struct choice_tried *tried, const struct shunt_address *address);

#endif
