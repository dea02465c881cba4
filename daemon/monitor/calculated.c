#include <stdio.h>
#include <string.h>

#include "monitor/target.h"

/* The first child that is not up; NULL when all are. */
static const struct target_child *first_fault(const struct target *target)
{
	for (size_t i = 0; i < target->check->of_count; i++) {
		if (target->children[i].target->health.state != HEALTH_UP)
			return &target->children[i];
	}
	return NULL;
}

static const char *fault_words(const struct target *child)
{
	if (child->health.state == HEALTH_UNKNOWN)
		return "no verdict yet";
	return child->error[0] ? child->error : health_word(child->health.state);
}

/* "1 of 2 checks up: web: connection refused" */
static void describe(const struct target *target, size_t up, char *text, size_t size)
{
	const struct check *check = target->check;
	const struct target_child *fault = first_fault(target);
	int length = snprintf(text, size, "%zu of %zu checks up", up, check->of_count);

	if (check->invert)
		snprintf(text + length, size - (size_t)length, ", and inverted");
	else if (!fault)
		snprintf(text + length, size - (size_t)length, ", %u needed", check->at_least);
	else
		snprintf(text + length, size - (size_t)length, ": %.64s: %s",
		         check->of[fault - target->children]->name, fault_words(fault->target));
}

bool target_calculate(struct target *target)
{
	const struct check *check = target->check;
	enum health_state states[CHECK_OF_MAX], state;
	char error[PROBE_DETAIL_MAX] = "";
	size_t up = 0;
	bool changed;

	for (size_t i = 0; i < check->of_count; i++) {
		states[i] = target->children[i].target->health.state;
		up += states[i] == HEALTH_UP;
	}
	state = health_combine(states, check->of_count, check->at_least);
	if (check->invert)
		state = health_invert(state);
	if (state != HEALTH_UP)
		describe(target, up, error, sizeof(error));
	changed = state != target->health.state || strcmp(error, target->error) != 0;
	target->health.state = state;
	memcpy(target->error, error, sizeof(error));
	return changed;
}
