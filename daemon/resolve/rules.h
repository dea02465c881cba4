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

#endif
