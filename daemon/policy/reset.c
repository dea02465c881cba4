#include "policy/reset.h"

static enum reset_why if_wanted(enum reset_option option, enum reset_why why)
{
	return option == RESET_RESET ? why : RESET_NOT_WANTED;
}

enum reset_why reset_judge(const struct reset_change *change)
{
	if (change->from == change->to || change->from < 0)
		return RESET_NOTHING_LEFT;
	if (!change->settled)
		return RESET_UNSETTLED;
	if (change->to < 0 || change->to_health == HEALTH_DOWN)
		return RESET_NO_BETTER;
	if (change->from_health == HEALTH_DOWN)
		return if_wanted(change->on_leave, RESET_LOST);
	if (change->to < change->from)
		return if_wanted(change->on_return, RESET_RETURNED);
	return RESET_DRAINS;
}

enum reset_why reset_judge_address(const struct reset_change *change, enum health_state health)
{
	if (change->from != change->to || change->to < 0)
		return RESET_NOTHING_LEFT;
	if (!change->settled)
		return RESET_UNSETTLED;
	if (change->to_health == HEALTH_DOWN)
		return RESET_NO_BETTER;
	return health == HEALTH_DOWN ? if_wanted(change->on_leave, RESET_LOST) : RESET_DRAINS;
}

enum reset_turn reset_proceed(const struct reset_state *state)
{
	if (state->answers_again)
		return RESET_DROP;
	if (state->why == RESET_LOST && state->health != HEALTH_DOWN)
		return RESET_DROP;
	if (state->isolated || state->shared)
		return RESET_WAIT;
	return state->why == RESET_LOST && state->doubted ? RESET_WAIT : RESET_GO;
}
