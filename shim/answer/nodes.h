/*
 * The lists for common questions, built without libc, which takes longer for one literal than a
 * whole lookup does. Called by addrinfo, which passes every other question to libc.
 */
#ifndef SHUNT_SHIM_NODES_H
#define SHUNT_SHIM_NODES_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/table.h"

struct nodes_kind {
	int type, protocol;
};

/* What a question requests for each address. */
struct nodes_plan {
	const struct nodes_kind *kinds;
	uint32_t kind_count;
	uint16_t port; /* in network byte order */
};

/*
 * Whether nodes_build() gives the same answer to this question as libc: no service or a number, no
 * socket type or SOCK_STREAM or SOCK_DGRAM, no flag that depends on the host's addresses or for
 * which libc needs a library; and freeaddrinfo() can free the list (libc_frees_nodes()). If true,
 * `plan` is set.
 */
bool nodes_cover(const char *service, const struct addrinfo *hints, struct nodes_plan *plan);

/*
 * Returns 0 and a list for freeaddrinfo(), or EAI_MEMORY. 0 with NULL in `*out`: no address is of
 * the family, and libc should determine the error. May change errno.
 */
int nodes_build(const struct nodes_plan *plan, const struct table_answer *answer,
                const struct addrinfo *hints, struct addrinfo **out);

#endif
