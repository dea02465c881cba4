#include "policy/burst.h"

void burst_begin(struct burst *burst, bool single, unsigned needed)
{
	const unsigned steps = single ? 1 : BURST_STEPS;

	if (!burst->active)
		*burst = (struct burst){ .active = true };
	burst->confirms = needed;
	if (burst->steps < steps)
		burst->steps = steps;
}

static bool confirms(const struct burst *burst)
{
	return burst->failed && burst->confirms;
}

bool burst_step(struct burst *burst)
{
	if (confirms(burst))
		burst->confirms--;
	else if (burst->steps)
		burst->steps--;
	else
		burst->active = false;
	burst->failed = false;
	return burst->active;
}

uint64_t burst_delay_us(const struct burst *burst, unsigned bursts)
{
	const uint64_t delay = confirms(burst) ? BURST_CONFIRM_US : BURST_STEP_US;
	const uint64_t share = (uint64_t)bursts * BURST_SHARE_US;

	return delay > share ? delay : share;
}

bool burst_observe(struct burst *burst, enum verdict verdict)
{
	if (!burst->active || verdict == VERDICT_NONE)
		return false;
	burst->failed = verdict == VERDICT_FAIL;
	return confirms(burst);
}

void burst_end(struct burst *burst)
{
	burst->active = false;
}
