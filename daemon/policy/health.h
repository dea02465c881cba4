/*
 * Health: verdicts in, up or down out. Pure: no clock, no library, no globals.
 *
 * The first verdict decides. After it, `fall` consecutive failures take an endpoint down and `rise` consecutive passes
 * bring it up. VERDICT_NONE (a fault of our own) is as if the probe had never been made: it neither counts nor interrupts.
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
	unsigned against; /* consecutive verdicts that speak against the state */
};

/* True when the state changed. */
bool health_observe(struct health *health, const struct health_rules *rules, enum verdict verdict);

/* The last verdict spoke against the state: the next probe should come soon. */
bool health_in_doubt(const struct health *health);

/*
 * What several addresses say of their endpoint, or several checks of a calculated one: up when `at_least` of them are up, else
 * unknown when those without a verdict may still make it so many, else down.
 */
enum health_state health_combine(const enum health_state *states, size_t count, unsigned at_least);

/* The check is inverted. No verdict stays none, and unknown stays unknown. */
enum verdict health_invert_verdict(enum verdict verdict);
enum health_state health_invert(enum health_state state);

#define HEALTH_UNCERTAIN_INTERVALS 3u

/* Whose fault a lack of verdicts is thought to be. */
enum health_side {
	SIDE_UNKNOWN, /* this host's or the endpoint's */
	SIDE_HOST     /* this host's */
};

/* "unknown", "host" */
const char *health_side_word(enum health_side side);

/* No attempt has come to a verdict since `since_ms` (0: the last one has), and that for so many intervals: an operator should know. */
bool health_is_uncertain(uint64_t since_ms, uint64_t now_ms, uint32_t interval_ms);

/* "up", "down", "unknown" */
const char *health_word(enum health_state state);

#endif
