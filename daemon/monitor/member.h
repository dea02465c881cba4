/*
 * Members: the addresses of an endpoint. One that is checked is a user of the target of that check at its address.
 *
 * endpoint makes and frees them.
 */
#ifndef SHUNT_MONITOR_MEMBER_H
#define SHUNT_MONITOR_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "monitor/target.h"

struct endpoint;

struct member {
	struct endpoint *endpoint;
	struct address address;
	struct target *target;            /* NULL: no check, so always up */
	struct member *next_user, **link; /* in target->users */
	/*
	 * False: DNS no longer names it. It stays until one that is listed has a verdict, or for as long as everything that DNS names
	 * is refused.
	 */
	bool listed;
	/*
	 * False: it is checked, this host has no address of its family, and the endpoint has others, which it can reach. Then it has
	 * no health, and is no part of the answer.
	 */
	bool counts;
};

/* What a member is made from. */
struct member_parts {
	struct endpoint *endpoint;
	struct targets *targets;
	const struct check *check; /* NULL: none */
	struct probe_asker asker;
};

/* `inherit`: the same address before a reload, or NULL. A new check on what is up begins with up. */
struct member *member_new(const struct member_parts *parts, const struct address *address,
                          const struct member *inherit);
void member_free(struct member *member);

/* NULL: none has that address. */
struct member *member_find(struct member *const *members, size_t count,
                           const struct address *address);

/* Up without a check. */
enum health_state member_health(const struct member *member, enum target_view view);

#endif
