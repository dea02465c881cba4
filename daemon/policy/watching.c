#include "policy/watching.h"

static void enter(struct watching *watching, enum watching_phase phase, uint64_t now_us)
{
	watching->phase = phase;
	watching->since_us = now_us;
}

void watching_passed(struct watching *watching, uint64_t now_us)
{
	if (watching->phase == WATCHING_OFF)
		enter(watching, WATCHING_WAITING, now_us);
}

bool watching_failed(struct watching *watching, bool down, uint64_t now_us)
{
	const bool connected =
	        watching->phase == WATCHING_OPENING || watching->phase == WATCHING_HELD;

	if (down) {
		watching->due_us = 0;
		watching->age_us = 0;
		watching->ends = 0;
	}
	if (watching->phase == WATCHING_WAITING || (connected && down))
		enter(watching, WATCHING_OFF, now_us);
	return connected && down;
}

bool watching_is_due(const struct watching *watching, uint64_t now_us)
{
	return watching->phase == WATCHING_WAITING && now_us >= watching->due_us;
}

void watching_opening(struct watching *watching, uint64_t now_us)
{
	enter(watching, WATCHING_OPENING, now_us);
}

void watching_opened(struct watching *watching, uint64_t now_us)
{
	enter(watching, WATCHING_HELD, now_us);
}

static bool is_same(uint64_t a, uint64_t b)
{
	const uint64_t difference = a > b ? a - b : b - a;

	return difference <= WATCHING_SAME_US + b / 16;
}

static uint64_t next_delay(const struct watching *watching)
{
	uint64_t delay = WATCHING_DELAY_US;

	for (unsigned i = 0; i < watching->ends && delay < WATCHING_DELAY_MAX_US; i++)
		delay *= 2;
	return delay < WATCHING_DELAY_MAX_US ? delay : WATCHING_DELAY_MAX_US;
}

/* The age 0 means that none is known: that of an attempt is 1. */
static enum watching_hint judge(struct watching *watching, uint64_t age_us)
{
	const bool known = watching->age_us && is_same(age_us, watching->age_us);

	watching->age_us = age_us;
	return known ? WATCHING_EXPECTED : WATCHING_UNEXPECTED;
}

enum watching_hint watching_ended(struct watching *watching, enum watching_end end, uint64_t now_us)
{
	const uint64_t held_us = watching->phase == WATCHING_HELD ? now_us - watching->since_us : 0;
	enum watching_hint hint = WATCHING_NO_HINT;

	if (held_us >= WATCHING_LIVED_US)
		watching->ends = 0;
	watching->due_us =
	        now_us + (end == WATCHING_CHATTER ? WATCHING_DELAY_MAX_US : next_delay(watching));
	watching->ends++;
	if (end == WATCHING_PEER)
		hint = judge(watching, held_us + 1);
	enter(watching, end == WATCHING_PEER ? WATCHING_OFF : WATCHING_WAITING, now_us);
	return hint;
}

const char *watching_word(enum watching_phase phase)
{
	static const char *const words[WATCHING_PHASES] = { "off", "waiting", "opening", "held" };

	return words[phase];
}
