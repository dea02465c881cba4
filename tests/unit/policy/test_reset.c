/* When connections to an endpoint that a record leaves are reset, as a table. */
#include "policy/reset.h"

#include "policy/election.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UP HEALTH_UP
#define DOWN HEALTH_DOWN
#define UNKNOWN HEALTH_UNKNOWN

struct row {
	const char *what;
	struct reset_change change; /* `settled` is set where it is not said otherwise */
	bool unsettled;
	enum reset_why leave, return_, both; /* with on_leave, on_return or both "reset" */
};

static const struct row rows[] = {
	{ "the primary is lost, the standby is well",
	  { .from = 0, .to = 1, .from_health = DOWN, .to_health = UP },
	  .leave = RESET_LOST,
	  .return_ = RESET_NOT_WANTED,
	  .both = RESET_LOST },
	{ "the primary is lost, the standby has no verdict",
	  { .from = 0, .to = 2, .from_health = DOWN, .to_health = UNKNOWN },
	  .leave = RESET_LOST,
	  .return_ = RESET_NOT_WANTED,
	  .both = RESET_LOST },
	{ "the primary is back",
	  { .from = 1, .to = 0, .from_health = UP, .to_health = UP },
	  .leave = RESET_NOT_WANTED,
	  .return_ = RESET_RETURNED,
	  .both = RESET_RETURNED },
	{ "the standby is lost, and the primary is there (manual failback)",
	  { .from = 1, .to = 0, .from_health = DOWN, .to_health = UP },
	  .leave = RESET_LOST,
	  .return_ = RESET_NOT_WANTED,
	  .both = RESET_LOST },
	{ "an operator moves it off a primary that is well: its connections drain",
	  { .from = 0, .to = 1, .from_health = UP, .to_health = UP },
	  .leave = RESET_DRAINS,
	  .return_ = RESET_DRAINS,
	  .both = RESET_DRAINS },
	{ "an operator moves it off one without a verdict",
	  { .from = 0, .to = 1, .from_health = UNKNOWN, .to_health = UP },
	  .leave = RESET_DRAINS,
	  .return_ = RESET_DRAINS,
	  .both = RESET_DRAINS },
	{ "all are down: the primary would be no better",
	  { .from = 1, .to = 0, .from_health = DOWN, .to_health = DOWN },
	  .leave = RESET_NO_BETTER,
	  .return_ = RESET_NO_BETTER,
	  .both = RESET_NO_BETTER },
	{ "all are down: the DNS answers, or nobody",
	  { .from = 0, .to = ELECTION_DNS, .from_health = DOWN },
	  .leave = RESET_NO_BETTER,
	  .return_ = RESET_NO_BETTER,
	  .both = RESET_NO_BETTER },
	{ "there was no answer before",
	  { .from = ELECTION_FAIL, .to = 0, .to_health = UP },
	  .leave = RESET_NOTHING_LEFT,
	  .return_ = RESET_NOTHING_LEFT,
	  .both = RESET_NOTHING_LEFT },
	{ "nothing changed",
	  { .from = 1, .to = 1, .from_health = DOWN, .to_health = DOWN },
	  .leave = RESET_NOTHING_LEFT,
	  .return_ = RESET_NOTHING_LEFT,
	  .both = RESET_NOTHING_LEFT },
	{ "first verdicts are arriving",
	  { .from = 0, .to = 1, .from_health = DOWN, .to_health = UP },
	  .unsettled = true,
	  .leave = RESET_UNSETTLED,
	  .return_ = RESET_UNSETTLED,
	  .both = RESET_UNSETTLED },
};

static enum reset_why judge(const struct row *row, enum reset_option leave,
                            enum reset_option return_)
{
	struct reset_change change = row->change;

	change.settled = !row->unsettled;
	change.on_leave = leave;
	change.on_return = return_;
	return reset_judge(&change);
}

static void a_record_leaves(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];

		print_message("# %s\n", row->what);
		assert_int_equal(judge(row, RESET_RESET, RESET_KEEP), row->leave);
		assert_int_equal(judge(row, RESET_KEEP, RESET_RESET), row->return_);
		assert_int_equal(judge(row, RESET_RESET, RESET_RESET), row->both);
		assert_false(reset_applies(judge(row, RESET_KEEP, RESET_KEEP)));
	}
}

static void one_address_is_lost(void **state)
{
	const struct reset_change well = {
		.from = 0, .to = 0, .to_health = UP, .settled = true, .on_leave = RESET_RESET
	};
	struct reset_change change = well;

	(void)state;
	assert_int_equal(reset_judge_address(&change, DOWN), RESET_LOST);
	assert_int_equal(reset_judge_address(&change, UP), RESET_DRAINS);
	assert_int_equal(reset_judge_address(&change, UNKNOWN), RESET_DRAINS);
	change.on_leave = RESET_KEEP;
	assert_int_equal(reset_judge_address(&change, DOWN), RESET_NOT_WANTED);
	change = well;
	change.settled = false;
	assert_int_equal(reset_judge_address(&change, DOWN), RESET_UNSETTLED);
	change = well;
	change.to_health = DOWN;
	assert_int_equal(reset_judge_address(&change, DOWN), RESET_NO_BETTER);
	change = well;
	change.to = 1;
	assert_int_equal(reset_judge_address(&change, DOWN), RESET_NOTHING_LEFT);
}

static void now_later_or_never(void **state)
{
	static const struct {
		const char *what;
		struct reset_state state;
		enum reset_turn turn;
	} turns[] = {
		{ "lost", { .why = RESET_LOST, .health = DOWN }, RESET_GO },
		{ "lost, and up again", { .why = RESET_LOST, .health = UP }, RESET_DROP },
		{ "lost, and without a verdict",
		  { .why = RESET_LOST, .health = UNKNOWN },
		  RESET_DROP },
		{ "lost, perhaps by this host's fault",
		  { .why = RESET_LOST, .health = DOWN, .doubted = true },
		  RESET_WAIT },
		{ "this host is isolated",
		  { .why = RESET_LOST, .health = DOWN, .isolated = true },
		  RESET_WAIT },
		{ "isolated, and up again",
		  { .why = RESET_LOST, .health = UP, .isolated = true },
		  RESET_DROP },
		{ "another record answers with it",
		  { .why = RESET_LOST, .health = DOWN, .shared = true },
		  RESET_WAIT },
		{ "the record answers with it again",
		  { .why = RESET_LOST, .health = DOWN, .answers_again = true },
		  RESET_DROP },
		{ "returned", { .why = RESET_RETURNED, .health = UP }, RESET_GO },
		{ "returned, the standby down since",
		  { .why = RESET_RETURNED, .health = DOWN },
		  RESET_GO },
		{ "returned, isolated",
		  { .why = RESET_RETURNED, .health = UP, .isolated = true },
		  RESET_WAIT },
		{ "returned, another record answers with it",
		  { .why = RESET_RETURNED, .health = UP, .shared = true },
		  RESET_WAIT },
		{ "returned, and left again",
		  { .why = RESET_RETURNED, .health = UP, .answers_again = true },
		  RESET_DROP },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(turns); i++) {
		print_message("# %s\n", turns[i].what);
		assert_int_equal(reset_proceed(&turns[i].state), turns[i].turn);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_leaves),
		cmocka_unit_test(one_address_is_lost),
		cmocka_unit_test(now_later_or_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
