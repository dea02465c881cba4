/* The decisions of resolve: how long an answer lives, when to ask again, whom to ask. Pure, but for reading one file. */
#ifndef SHUNT_RESOLVE_RULES_H
#define SHUNT_RESOLVE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/address.h"
#include "config/config.h"

#define RESOLVE_TTL_MIN_MS 1000u
#define RESOLVE_TTL_MAX_MS (5 * 60 * 1000u)
#define RESOLVE_RETRY_MIN_MS 1000u
#define RESOLVE_RETRY_MAX_MS 10000u
#define RESOLVE_EMPTY_MS 30000u /* a family that never had an address, while the other has one */
#define RESOLVE_CONF_SERVERS 3  /* libc takes as many from resolv.conf (MAXNS) */

/* `ttl` in seconds as c-ares gives it: from 2^31 on it is negative, which RFC 2181 (8) takes for 0. */
uint32_t resolve_ttl_ms(int ttl);

/* Up to a tenth earlier, never later, so that names that were learnt together are not asked together for ever. */
uint32_t resolve_early_ms(uint32_t ms, uint32_t random);

/* The servers answer others, but not this question: 1 s after its first failure, doubling to `limit`. */
uint32_t resolve_backoff_ms(unsigned failures, uint32_t limit);

/*
 * Nobody was answered since this question's last attempt: some question is asked at least every second or so, in order to see
 * at once that the servers are back, and at most 100 in a second. `stalled` questions share them. A `silent` server has already
 * cost time.
 */
uint32_t resolve_outage_ms(size_t stalled, bool silent);

/*
 * Puts an address in its place in a sorted set without doubles. False when one found no room: then it is the largest that is
 * left out, whatever the order in which they came.
 */
bool resolve_insert(struct address *set, size_t *count, size_t room, const struct address *address);

/* The `nameserver` lines of resolv.conf(5); libc's default, 127.0.0.1, where there are none. Returns how many, at least 1. */
size_t resolve_parse_servers(const char *text, struct resolver_address *servers, size_t room);

/* What tells that a file was edited or replaced. All zeros: there is no regular file. */
struct resolve_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
};

struct resolve_stamp resolve_stamp(const struct stat *status);
bool resolve_stamp_equal(const struct resolve_stamp *a, const struct resolve_stamp *b);

#endif
