/*
 * Bursts: the probes that follow a hint that a target may have failed. Pure.
 *
 * One probe is not enough, since a server that dies loses its connections before its listener, so
 * that the first one may still pass. It is probed at once and then every 5 ms, for 100 ms. A probe
 * that failed is confirmed after 1 ms, as often as it takes to find the target down. A burst decides
 * nothing: `fall` failures in a row are needed as always.
 *
 * Where many targets have a burst at one time the steps become longer, so that all of them together
 * make no more than 5,000 probes a second.
 */
#ifndef SHUNT_POLICY_BURST_H
#define SHUNT_POLICY_BURST_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/health.h"

#define BURST_STEP_US 5000u
#define BURST_STEPS 20u
#define BURST_CONFIRM_US 1000u
#define BURST_SHARE_US 200u /* of a step, for each burst under way */

/* Zeroed initially. */
struct burst {
	unsigned steps;    /* probes that are left */
	unsigned confirms; /* the same for those that confirm a failure */
	bool active;
	bool failed; /* the probe of the last step has ended, and failed */
};

/*
 * A hint: the first step is due now. If `single`, it is the only one, unless its probe fails.
 * `needed`: the number of failures in a row that the target needs to be down.
 */
void burst_begin(struct burst *burst, bool single, unsigned needed);

/* A step is due. Returns true if it starts a probe; otherwise the burst is over. */
bool burst_step(struct burst *burst);

/* The time from a step to the next one. `bursts` are under way. */
uint64_t burst_delay_us(const struct burst *burst, unsigned bursts);

/*
 * A probe of the target has ended, in a burst or not. Returns true if the next step is due earlier,
 * burst_delay_us() from now.
 */
bool burst_observe(struct burst *burst, enum verdict verdict);

/* The target is down, and the burst over. */
void burst_end(struct burst *burst);

#endif
