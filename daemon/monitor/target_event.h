/* Events of a target: one for all records that share it, named by the first of them, and how many more there are. */
#ifndef SHUNT_MONITOR_TARGET_EVENT_H
#define SHUNT_MONITOR_TARGET_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "monitor/target.h"

/* Its health has changed; where only calculated checks have it, that is a smaller event. */
void target_event_health(const struct target *target, enum health_state before);

/* An attempt ended with a verdict that counts. If that was missed for long, its return is an event. */
void target_event_verdict(struct target *target);

/*
 * An attempt ended without a verdict that counts. That this lasts is an event, unless `known`: the host is isolated, and an event has
 * said so for all.
 */
void target_event_no_verdict(struct target *target, enum health_side side, bool known,
                             uint64_t now_ms);

/* Its peer showed a certificate that ends at `expires`: noted, and an event if that is near. */
void target_event_certificate(struct target *target, time_t expires, time_t now);

/*
 * Whether a certificate's end is an event now: once for each certificate. `warned` is the latest end that was one; a renewed
 * certificate ends later, and servers that show several in turn are each an event at most. Pure.
 */
bool target_event_is_due(time_t expires, time_t warned, time_t now, uint32_t warning_ms);

#endif
