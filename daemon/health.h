/*
 * Health: verdicts in, up or down out. Pure: no clock, no library, no globals.
 *
 * The first verdict decides. After it, `fall` consecutive failures take an endpoint down and `rise` consecutive passes
 * bring it up. VERDICT_NONE (a fault of our own) is as if the probe had never been made: it neither counts nor interrupts.
 */
#ifndef SHUNT_HEALTH_H
#define SHUNT_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

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

/* What several addresses say of their endpoint: up when one is up, else unknown when one is, else down. None: down. */
enum health_state health_combine(const enum health_state *states, size_t count);

/* "up", "down", "unknown" */
const char *health_word(enum health_state state);

#endif
