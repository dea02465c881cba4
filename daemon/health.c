#include "health.h"

bool health_observe(struct health *health, const struct health_rules *rules, enum verdict verdict)
{
	enum health_state says = verdict == VERDICT_PASS ? HEALTH_UP : HEALTH_DOWN;
	unsigned needed = says == HEALTH_UP ? rules->rise : rules->fall;

	if (verdict == VERDICT_NONE)
		return false;
	if (says == health->state) {
		health->against = 0;
		return false;
	}
	health->against++;
	if (health->state != HEALTH_UNKNOWN && health->against < needed)
		return false;
	health->state = says;
	health->against = 0;
	return true;
}

bool health_in_doubt(const struct health *health)
{
	return health->against > 0;
}

enum health_state health_combine(const enum health_state *states, size_t count)
{
	enum health_state sum = HEALTH_DOWN;

	for (size_t i = 0; i < count; i++) {
		if (states[i] == HEALTH_UP)
			return HEALTH_UP;
		if (states[i] == HEALTH_UNKNOWN)
			sum = HEALTH_UNKNOWN;
	}
	return sum;
}

const char *health_word(enum health_state state)
{
	static const char *const words[] = { "unknown", "up", "down" };

	return words[state];
}
