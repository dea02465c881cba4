/* The decisions of resolve: how long an answer lives, when to ask again. Pure. */
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
#define RESOLVE_EMPTY_MS 30000u /* a family that never had an address, while the other has one */

/* `ttl` in seconds as c-ares gives it. RFC 2181 (8) takes one from 2^31 on for 0: c-ares makes it negative, or INT32_MAX (1.34). */
uint32_t resolve_ttl_ms(int ttl);

/* Up to a tenth earlier, never later, so that names first asked together do not stay in step. */
uint32_t resolve_early_ms(uint32_t ms, uint32_t random);

/* The servers answer others, but not this question: 1 s after its first failure, doubling to `limit`. */
uint32_t resolve_backoff_ms(unsigned failures, uint32_t limit);

/*
 * No question was answered since the last attempt at this one: one of the `stalled` questions is asked
 * about every second, to notice at once that the servers are back, and at most 100 per second. A
 * `silent` server has already cost time.
 */
uint32_t resolve_outage_ms(size_t stalled, bool silent);

/*
 * Inserts an address into a sorted set without duplicates. Returns false if the set is full: then the
 * largest address is left out, regardless of the order of insertion.
 */
bool resolve_insert(struct address *set, size_t *count, size_t room, const struct address *address);

#endif
