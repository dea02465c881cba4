/*
 * Members: the addresses of an endpoint. A member with a check is a user of the target for that
 * check at its address.
 *
 * endpoint creates and frees them.
 */
#ifndef SHUNT_ROSTER_MEMBER_H
#define SHUNT_ROSTER_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/reset.h"
#include "roster/target.h"

struct endpoint;

struct member {
	struct endpoint *endpoint;
	struct target *target;            /* NULL: no check, so it is always up */
	const struct address *address;    /* the target's, or `own` */
	struct member *next_user, **link; /* in target->users */
	/*
	 * False if the address is no longer in DNS. The member stays until a listed one has a
	 * verdict, or for as long as every address in DNS is refused.
	 */
	bool listed;
	/*
	 * False if the member has a check, this host has no address of its family, and the endpoint
	 * has other addresses that this host can reach. Such a member has no health and is not part
	 * of the answer.
	 */
	bool counts;
	/* Set by leave: it was part of the answer at the last election; */
	bool answered;
	enum reset_why left;  /* its connections are to be reset, when that may be */
	struct address own[]; /* without a target: one */
};

/* Parameters for creating a member. */
struct member_parts {
	struct endpoint *endpoint;
	struct targets *targets;
	const struct check *check; /* NULL: none */
	struct probe_asker asker;
};

/*
 * `inherit`: the member for the same address before a reload, or NULL. If it was up, a new check on
 * it starts as up.
 */
struct member *member_new(const struct member_parts *parts, const struct address *address,
                          const struct member *inherit);
void member_free(struct member *member);

/* Returns NULL if no member has that address. */
struct member *member_find(struct member *const *members, size_t count,
                           const struct address *address);

/* A member without a check is up. */
enum health_state member_health(const struct member *member, enum target_view view);

/* As target_in_doubt(); a member without a check is not. */
bool member_in_doubt(const struct member *member);

#endif
