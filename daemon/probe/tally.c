#include "probe/tally.h"

void tally_ended(struct probe_tally *tally, enum check_type type, enum probe_why why,
                 uint64_t elapsed_us)
{
	tally->ended[type][why]++;
	if (probe_why_verdict(why) != VERDICT_NONE)
		histogram_observe(&tally->took[type], elapsed_us);
}
