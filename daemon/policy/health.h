/*
 * Health: derives up or down from verdicts. Pure: no clock, no library, no globals.
 *
 * The first verdict alone decides. After it, `fall` consecutive failures take an endpoint down and
 * `rise` consecutive passes bring it up. VERDICT_NONE (a fault of this host) is treated as if the
 * probe had not been made: it neither counts nor interrupts a series.
 */
#ifndef SHUNT_POLICY_HEALTH_H
#define SHUNT_POLICY_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_NONE };

enum health_state { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN };

struct health_rules {
	unsigned fall; /* consecutive failures, 1 or more */
	unsigned rise; /* consecutive passes, 1 or more */
};

struct health {
	enum health_state state;
	unsigned against; /* number of consecutive verdicts that contradict the state */
};

/* Returns true if the state changed. */
bool health_observe(struct health *health, const struct health_rules *rules, enum verdict verdict);

/* Whether the last verdict contradicted the state: the next probe should follow soon. */
bool health_in_doubt(const struct health *health);

/*
 * The combined health of the addresses of an endpoint, or of the children of a calculated check: up
 * if at least `at_least` of them are up; else unknown if those without a verdict could still make
 * up that number; else down.
 */
enum health_state health_combine(const enum health_state *states, size_t count, unsigned at_least);

/* For an inverted check. VERDICT_NONE stays VERDICT_NONE, and unknown stays unknown. */
enum verdict health_invert_verdict(enum verdict verdict);
enum health_state health_invert(enum health_state state);

#define HEALTH_UNCERTAIN_INTERVALS 3u

/* Which side is thought to be the cause of missing verdicts. */
enum health_side {
	SIDE_UNKNOWN, /* this host or the endpoint */
	SIDE_HOST,    /* this host */
	SIDE_CHECK,   /* the check itself: its command, which cannot be run or does not decide */
	SIDES
};

/* "unknown", "host", "check" */
const char *health_side_word(enum health_side side);

/*
 * Whether verdicts have been missing for long enough that an operator should know. `since_ms` is
 * the time since which no attempt had a verdict; 0: the last one had one.
 */
bool health_is_uncertain(uint64_t since_ms, uint64_t now_ms, uint32_t interval_ms);

/* "up", "down", "unknown" */
const char *health_word(enum health_state state);

#endif
