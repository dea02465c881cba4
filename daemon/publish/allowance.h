/*
 * How many reports a uid may send: ALLOWANCE_BURST at once, then ALLOWANCE_A_SECOND; all uids together
 * ALLOWANCE_TOTAL a second. Pure: time is passed in as an argument, in ms of CLOCK_MONOTONIC.
 *
 * Only the uids that sent last are known. A user with many uids (containers) can have each of them
 * forgotten and begin again: that is what the total is for.
 */
#ifndef SHUNT_PUBLISH_ALLOWANCE_H
#define SHUNT_PUBLISH_ALLOWANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ALLOWANCE_BURST 100u
#define ALLOWANCE_A_SECOND 100u
#define ALLOWANCE_TOTAL 1000u
#define ALLOWANCE_UIDS 64u

/* A bucket that fills with time, in thousandths of a report. */
struct allowance_bucket {
	uid_t uid;
	uint64_t filled_ms; /* 0: unused */
	uint32_t left;
};

struct allowance {
	struct allowance_bucket total;
	struct allowance_bucket uids[ALLOWANCE_UIDS];
};

/*
 * Whether this report may be taken; counts it if so. `now_ms` is at least 1. Begins with a struct of
 * zeros.
 */
bool allowance_take(struct allowance *allowance, uid_t uid, uint64_t now_ms);

#endif
