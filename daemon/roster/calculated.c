#include "roster/calculated.h"

#include <stdio.h>

/* The index of the first child that is not up; check->of_count if all are up. */
static size_t first_fault(const struct check *check, const struct calculated_child *children)
{
	size_t i = 0;

	while (i < check->of_count && children[i].health == HEALTH_UP)
		i++;
	return i;
}

static const char *fault_words(const struct calculated_child *child)
{
	if (child->health == HEALTH_UNKNOWN)
		return "no verdict yet";
	return child->error[0] ? child->error : health_word(child->health);
}

static size_t count_up(const struct check *check, const struct calculated_child *children)
{
	size_t up = 0;

	for (size_t i = 0; i < check->of_count; i++)
		up += children[i].health == HEALTH_UP;
	return up;
}

void calculated_error(const struct check *check, const struct calculated_child *children,
                      char *text, size_t size)
{
	const size_t fault = first_fault(check, children);
	int length = snprintf(text, size, "%zu of %zu checks up", count_up(check, children),
	                      check->of_count);

	if (check->invert)
		snprintf(text + length, size - (size_t)length, ", and inverted");
	else if (fault == check->of_count)
		snprintf(text + length, size - (size_t)length, ", %u needed", check->at_least);
	else
		snprintf(text + length, size - (size_t)length, ": %.64s: %s",
		         check->of[fault]->name, fault_words(&children[fault]));
}

enum health_state calculated_health(const struct check *check,
                                    const struct calculated_child *children)
{
	enum health_state states[CHECK_OF_MAX], state;

	for (size_t i = 0; i < check->of_count; i++)
		states[i] = children[i].health;
	state = health_combine(states, check->of_count, check->at_least);
	return check->invert ? health_invert(state) : state;
}
