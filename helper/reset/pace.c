#include "reset/pace.h"

#define ONE UINT64_C(1000)

static uint64_t most(const struct pace *pace)
{
	const uint64_t tenth = (uint64_t)pace->rate * ONE / 10;

	return tenth > ONE ? tenth : ONE;
}

void pace_init(struct pace *pace, uint32_t rate, uint64_t now_ms)
{
	*pace = (struct pace){ .rate = rate ? rate : 1, .seen_ms = now_ms };
	pace->thousandths = most(pace);
}

uint32_t pace_take(struct pace *pace, uint32_t wanted, uint64_t now_ms)
{
	const uint64_t passed = now_ms > pace->seen_ms ? now_ms - pace->seen_ms : 0;
	uint64_t may;

	/* A second fills it; the bound also keeps the product within 64 bits. */
	pace->thousandths += (passed < 1000 ? passed : 1000) * pace->rate;
	if (pace->thousandths > most(pace))
		pace->thousandths = most(pace);
	pace->seen_ms = now_ms;
	may = pace->thousandths / ONE;
	may = may < wanted ? may : wanted;
	pace->thousandths -= may * ONE;
	return (uint32_t)may;
}

uint32_t pace_wait_ms(const struct pace *pace)
{
	if (pace->thousandths >= ONE)
		return 0;
	return (uint32_t)((ONE - pace->thousandths + pace->rate - 1) / pace->rate);
}
