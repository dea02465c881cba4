#include "policy/health.h"

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

enum health_state health_combine(const enum health_state *states, size_t count, unsigned at_least)
{
	size_t up = 0, unknown = 0;

	for (size_t i = 0; i < count; i++) {
		up += states[i] == HEALTH_UP;
		unknown += states[i] == HEALTH_UNKNOWN;
	}
	if (up >= at_least)
		return HEALTH_UP;
	return up + unknown >= at_least ? HEALTH_UNKNOWN : HEALTH_DOWN;
}

enum verdict health_invert_verdict(enum verdict verdict)
{
	static const enum verdict inverted[] = { [VERDICT_PASS] = VERDICT_FAIL,
		                                 [VERDICT_FAIL] = VERDICT_PASS,
		                                 [VERDICT_NONE] = VERDICT_NONE };

	return inverted[verdict];
}

enum health_state health_invert(enum health_state state)
{
	static const enum health_state inverted[] = { [HEALTH_UP] = HEALTH_DOWN,
		                                      [HEALTH_DOWN] = HEALTH_UP,
		                                      [HEALTH_UNKNOWN] = HEALTH_UNKNOWN };

	return inverted[state];
}

bool health_is_uncertain(uint64_t since_ms, uint64_t now_ms, uint32_t interval_ms)
{
	return since_ms && now_ms - since_ms >= HEALTH_UNCERTAIN_INTERVALS * (uint64_t)interval_ms;
}

const char *health_side_word(enum health_side side)
{
	static const char *const words[SIDES] = { "unknown", "host", "check" };

	return words[side];
}

const char *health_word(enum health_state state)
{
	static const char *const words[] = { "unknown", "up", "down" };

	return words[state];
}
