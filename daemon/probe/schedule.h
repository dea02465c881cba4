/*
 * When probes are due, and how the loop's own lateness affects their verdicts. Pure: time is passed
 * in as an argument. µs, CLOCK_MONOTONIC.
 */
#ifndef SHUNT_PROBE_SCHEDULE_H
#define SHUNT_PROBE_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "config/config.h"
#include "policy/health.h"

/* Number of probes that start at once after the prober's creation. */
#define PROBE_AT_ONCE 64u
#define PROBE_SPREAD_MS 2000u    /* later probes start within this time, or within one interval */
#define PROBE_JITTER_PERCENT 10u /* of a delay, in both directions */
/*
 * Start times are multiples of this, or of up to PROBE_GRID_MOST times as much where it is at most
 * 2 % of the delay: waking the loop costs as much as a probe.
 */
#define PROBE_GRID_US 5000u
#define PROBE_GRID_MOST 4u

/*
 * Number of attempts at the same time for that many descriptors: half of them are reserved for
 * clients, resolver and operators. At least 1.
 */
unsigned probe_schedule_in_flight(uint64_t descriptors);

/* A number that differs between targets and is constant for each of them. */
uint32_t probe_schedule_hash(const struct check *check, const struct address *address,
                             const char *host);

/*
 * Time from a probe's creation to its first start. `made` is the number of probes created before
 * it.
 */
uint64_t probe_schedule_first_us(uint32_t hash, uint64_t made, uint32_t interval_ms);

/*
 * The next start: `delay_ms` after `started_us`, with the jitter for `attempt`, rounded to the
 * grid; never before `now_us`.
 */
uint64_t probe_schedule_next_us(uint32_t hash, uint32_t attempt, uint64_t started_us,
                                uint32_t delay_ms, uint64_t now_us);

/*
 * Time from the start of a probe to the next one: short while its health is in doubt or unknown,
 * with a separate interval while it is down.
 */
uint32_t probe_schedule_delay_ms(const struct check *check, const struct health *health);

/*
 * Lateness in ms above which a timeout says nothing about the endpoint: a quarter of `timeout_ms`,
 * limited to 50 ms … 1 s.
 */
uint32_t probe_schedule_tolerance_ms(uint32_t timeout_ms);

enum probe_cause { PROBE_ENDED, PROBE_TIMED_OUT };

/*
 * The verdict, given that the loop was late by at most `late_ms` during the attempt: a failure
 * becomes VERDICT_NONE if a timeout may be this host's fault, or if the loop was stopped for so
 * long that the peer may have given up.
 */
enum verdict probe_schedule_verdict(enum verdict verdict, enum probe_cause cause,
                                    uint32_t timeout_ms, uint32_t late_ms);

#endif
