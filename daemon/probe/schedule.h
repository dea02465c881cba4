/*
 * When probes are due and what our own lateness makes of their verdicts. Pure: time comes in as an
 * argument. µs, CLOCK_MONOTONIC.
 */
#ifndef SHUNT_PROBE_SCHEDULE_H
#define SHUNT_PROBE_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "config/config.h"
#include "policy/health.h"

#define PROBE_AT_ONCE 64u        /* probes that start at once after the prober's start */
#define PROBE_SPREAD_MS 2000u    /* later ones: within this, or one interval */
#define PROBE_JITTER_PERCENT 10u /* of a delay, either way */
#define PROBE_GRID_US                                                                              \
	5000u /* they are due at multiples of it: a waking of the loop costs as much as a probe */

/*
 * How many attempts at one time, with so many descriptors: half of them are for clients, resolver
 * and operators. At least 1.
 */
unsigned probe_schedule_in_flight(uint64_t descriptors);

/* A number that differs between targets and stays for each of them. */
uint32_t probe_schedule_hash(const struct check *check, const struct address *address,
                             const char *host);

/* From a probe's making to its first start. `made` counts the probes that were made before it. */
uint64_t probe_schedule_first_us(uint32_t hash, uint64_t made, uint32_t interval_ms);

/*
 * The next start: `delay_ms` after `started_us`, with the jitter that belongs to `attempt`, on the
 * grid; never before `now_us`.
 */
uint64_t probe_schedule_next_us(uint32_t hash, uint32_t attempt, uint64_t started_us,
                                uint32_t delay_ms, uint64_t now_us);

/*
 * From the start of a probe to that of the next: soon while its health is in doubt or unknown, by
 * its own rule while it is down.
 */
uint32_t probe_schedule_delay_ms(const struct check *check, const struct health *health);

/*
 * Lateness in ms above which a timeout says nothing of the endpoint: a quarter of `timeout_ms`,
 * held to 50 ms … 1 s.
 */
uint32_t probe_schedule_tolerance_ms(uint32_t timeout_ms);

enum probe_cause { PROBE_ENDED, PROBE_TIMED_OUT };

/*
 * The verdict, given that the loop was late by `late_ms` at most during the attempt: a failure is
 * VERDICT_NONE when a timeout was perhaps ours, or when we were away for so long that the peer may
 * have given up on us.
 */
enum verdict probe_schedule_verdict(enum verdict verdict, enum probe_cause cause,
                                    uint32_t timeout_ms, uint32_t late_ms);

#endif
