/*
 * Events of a target: one event for all records that share it, with the name of the first and the
 * number of the others.
 */
#ifndef SHUNT_ROSTER_TARGET_EVENT_H
#define SHUNT_ROSTER_TARGET_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "roster/target.h"

/*
 * Its health has changed. If only calculated checks use the target, the event is of lower
 * importance.
 */
void target_event_health(const struct target *target, enum health_state before);

/*
 * An attempt ended with a verdict that counts. If such verdicts had been missing for long, their
 * return is an event.
 */
void target_event_verdict(struct target *target);

/*
 * An attempt ended without a verdict that counts. If this lasts, it is reported as an event, unless
 * `known`: the host is isolated, and one event has already been emitted for all targets.
 */
void target_event_no_verdict(struct target *target, enum health_side side, bool known,
                             uint64_t now_ms);

/*
 * The peer presented a certificate that expires at `expires`: stores the time, and emits an event
 * if it is near.
 */
void target_event_certificate(struct target *target, time_t expires, time_t now);

/*
 * Whether a certificate's expiry should be reported now: once for each certificate. `warned` is the
 * latest expiry that was reported. A renewed certificate expires later, and servers that present
 * several in turn cause at most one event for each. Pure.
 */
bool target_event_is_due(time_t expires, time_t warned, time_t now, uint32_t warning_ms);

#endif
