/*
 * Silence: isolation, wired to targets, events and the loop.
 *
 * The monitor hands every result to silence_judge() before it counts it. A failure that counts only later comes back through
 * `counts`; meanwhile other targets are probed, so that evidence comes in milliseconds and not when their turn is.
 */
#ifndef SHUNT_MONITOR_HOST_FAULT_H
#define SHUNT_MONITOR_HOST_FAULT_H

#include "monitor/target.h"
#include "probe/probe.h"

struct event_base;
struct silence;

/* Failures of earlier results count now. `target` may be the one that is being judged. */
typedef void silence_counts(void *arg, struct target *target, unsigned failures);

struct silence *silence_new(struct event_base *base, struct targets *targets,
                            silence_counts *counts, void *arg);
void silence_free(struct silence *silence);

/* The verdict that counts: the result's own, or VERDICT_NONE for a failure that may be this host's fault. */
enum verdict silence_judge(struct silence *silence, struct target *target,
                           const struct probe_result *result);

/* After a sweep of the targets. */
void silence_recount(struct silence *silence);

#endif
