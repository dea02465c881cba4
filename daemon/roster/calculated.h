/*
 * Calculated checks: derives the health of a check from the healths of the checks it names. Pure:
 * no clock, no library, no globals.
 *
 * Called by target whenever one of a calculated target's children has changed.
 */
#ifndef SHUNT_ROSTER_CALCULATED_H
#define SHUNT_ROSTER_CALCULATED_H

#include "config/config.h"
#include "policy/health.h"

struct calculated_child {
	enum health_state health;
	const char *error; /* error of its last verdict; "" for none */
};

/*
 * The health, without any text. `children` has check->of_count elements, in the order of check->of.
 */
enum health_state calculated_health(const struct check *check,
                                    const struct calculated_child *children);

/* Why the check is not up, as one line: "1 of 2 checks up: web: connection refused". */
void calculated_error(const struct check *check, const struct calculated_child *children,
                      char *text, size_t size);

#endif
