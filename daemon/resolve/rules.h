/* The rules of resolve: how long an answer is kept, and when to query again. Pure. */
#ifndef SHUNT_RESOLVE_RULES_H
#define SHUNT_RESOLVE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

#define RESOLVE_TTL_MIN_MS 1000u
#define RESOLVE_TTL_MAX_MS (5 * 60 * 1000u)
#define RESOLVE_RETRY_MIN_MS 1000u
#define RESOLVE_RETRY_MAX_MS 10000u
/* Interval for a family that never had an address, while the other one has. */
#define RESOLVE_EMPTY_MS 30000u

/*
 * `ttl` in seconds as returned by c-ares. RFC 2181 (8) treats 2^31 or more as 0: c-ares returns a
 * negative value, or INT32_MAX (1.34).
 */
uint32_t resolve_ttl_ms(int ttl);

/*
 * Up to a tenth earlier, never later, so that names first queried together do not stay
 * synchronised.
 */
uint32_t resolve_early_ms(uint32_t ms, uint32_t random);

/*
 * For a server that answers other queries, but not this one: 1 s after the first failure, doubling
 * to `limit`.
 */
uint32_t resolve_backoff_ms(unsigned failures, uint32_t limit);

/*
 * For when no query was answered since the last attempt at this one: one of the `stalled` queries
 * is sent about every second, to notice quickly that the servers respond again, and at most 100 per
 * second. A `silent` server has already taken time.
 */
uint32_t resolve_outage_ms(size_t stalled, bool silent);

/* RFC 6761 (6.3): names that are never queried. */
bool resolve_is_localhost(const char *name);

/*
 * Inserts an address into a sorted set without duplicates. Returns false if the set is full: then
 * the largest address is left out, regardless of the order of insertion.
 */
bool resolve_insert(struct address *set, size_t *count, size_t room, const struct address *address);

#endif
