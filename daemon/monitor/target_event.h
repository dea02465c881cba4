/* Events of a target: one for all records that share it, named by the first of them, and how many more there are. */
#ifndef SHUNT_MONITOR_TARGET_EVENT_H
#define SHUNT_MONITOR_TARGET_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "monitor/target.h"

/* Its health has changed; where only calculated checks have it, that is a smaller event. */
void target_event_health(const struct target *target, enum health_state before);

/* An attempt ended, by a fault of our own or not: that there are no verdicts for long is an event, and so is their return. */
void target_event_certainty(struct target *target, bool own_fault, uint64_t now_ms);

/* Its peer showed a certificate that ends at `expires`: noted, and an event if that is near. */
void target_event_certificate(struct target *target, time_t expires, time_t now);

/*
 * Whether a certificate's end is an event now: once for each certificate. `warned` is the latest end that was one; a renewed
 * certificate ends later, and servers that show several in turn are each an event at most. Pure.
 */
bool target_event_is_due(time_t expires, time_t warned, time_t now, uint32_t warning_ms);

#endif
