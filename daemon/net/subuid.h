/*
 * Ranges of subordinate user ids, as subuid(5) assigns them to users: to find out whether two uids
 * belong to one person. Pure, except for subuid_refresh().
 *
 * All ranges of one owner have the same key. Owners are compared as text: no account is looked up.
 */
#ifndef SHUNT_NET_SUBUID_H
#define SHUNT_NET_SUBUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/stamp.h"

#define SUBUID_FILE "/etc/subuid"

struct subuid_range {
	uid_t first, last;
	uid_t key; /* the lowest first uid of all ranges of the owner */
};

/* All zeros at first. */
struct subuid {
	/* Sorted by `first`; of two that overlap, either may be found. */
	struct subuid_range *ranges;
	size_t count;

	/* Private: the file, as it was when it was read. */
	uint64_t looked_ms;
	struct stamp stamp;
};

/*
 * Replaces the ranges by those of the text, whose lines are "owner:first:count"; invalid lines are
 * skipped. Returns false, and changes nothing, if out of memory.
 */
bool subuid_parse(struct subuid *subuid, const char *text, size_t length);

/*
 * Reads the file if it has changed; looks at it at most every 10 s. A file that cannot be read, or
 * is not a regular file, has no ranges. `now_ms` is clock_ms().
 */
void subuid_refresh(struct subuid *subuid, const char *path, uint64_t now_ms);
void subuid_free(struct subuid *subuid);

/* The range that contains the uid, or NULL. */
const struct subuid_range *subuid_find(const struct subuid *subuid, uid_t uid);

#endif
