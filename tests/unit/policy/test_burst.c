/* Which probes follow a hint, and when. */
#include <stdio.h>
#include <string.h>

#include "daemon/policy/burst.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/*
 * The probes of a burst against a server whose verdicts are given, a letter each, 0.2 ms after the
 * probe began (P, F; - none; . it is still under way at the next step): when they begin, in tenths
 * of a millisecond. Where the letters end, the last one stays.
 */
static const struct {
	const char *name;
	bool single;
	unsigned needed, bursts;
	const char *verdicts;
	const char *starts; /* the first ones */
	unsigned count;     /* of all */
} cases[] = {
	{ "all is well: 20 of them, 5 ms apart", false, 3, 1, "P", "0 50 100 150 ", 20 },
	{ "failures are confirmed after 1 ms", false, 3, 1, "FFF", "0 12 24 36 ", 23 },
	{ "the first one still passes", false, 3, 1, "PF", "0 50 62 74 86 136 ", 23 },
	{ "a hint that is expected: one", true, 3, 1, "P", "0 ", 1 },
	{ "one that fails has others", true, 2, 1, "F", "0 12 24 ", 3 },
	{ "one that fails, and then passes, has one more", true, 3, 1, "FP", "0 12 ", 2 },
	{ "no verdict is not confirmed", false, 3, 1, "-", "0 50 100 ", 20 },
	{ "nor is one that is not there", false, 3, 1, ".", "0 50 100 ", 20 },
	{ "many at one time take longer steps", false, 3, 100, "P", "0 200 400 ", 20 },
	{ "and confirm no faster", false, 3, 100, "F", "0 202 404 606 806 ", 23 },
	{ "a confirmation that takes its time is waited for", false, 3, 1, "F.", "0 12 62 112 ",
	  21 },
	{ "fall = 1 has nothing to confirm but once", false, 1, 1, "F", "0 12 62 ", 21 },
};

static enum verdict verdict_of(char letter)
{
	return letter == 'P' ? VERDICT_PASS : letter == 'F' ? VERDICT_FAIL : VERDICT_NONE;
}

static char letter_of(const char *verdicts, unsigned number)
{
	return verdicts[number < strlen(verdicts) ? number : strlen(verdicts) - 1];
}

/* Runs a burst to its end. Returns the number of its probes. */
static unsigned run(size_t i, char *starts, size_t size)
{
	struct burst burst = { 0 };
	uint64_t now = 0;
	unsigned count = 0;

	*starts = '\0';
	burst_begin(&burst, cases[i].single, cases[i].needed);
	while (burst_step(&burst)) {
		const char letter = letter_of(cases[i].verdicts, count++);
		const size_t length = strlen(starts);
		uint64_t next = now + burst_delay_us(&burst, cases[i].bursts);

		snprintf(starts + length, size - length, "%u ", (unsigned)(now / 100));
		if (letter != '.' && burst_observe(&burst, verdict_of(letter)))
			next = now + 200 + burst_delay_us(&burst, cases[i].bursts);
		now = next;
		assert_true(count < 1000);
	}
	assert_false(burst.active);
	return count;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char starts[1000];
		const unsigned count = run(i, starts, sizeof(starts));

		if (strncmp(starts, cases[i].starts, strlen(cases[i].starts)) != 0)
			fail_msg("%s: %s", cases[i].name, starts);
		if (count != cases[i].count)
			fail_msg("%s: %u probes, not %u", cases[i].name, count, cases[i].count);
	}
}

static void test_second_hint(void **state)
{
	struct burst burst = { 0 };

	(void)state;
	burst_begin(&burst, false, 3);
	for (int i = 0; i < 15; i++)
		assert_true(burst_step(&burst));
	burst_begin(&burst, true, 3); /* shortens nothing */
	assert_int_equal(burst.steps, 5);
	burst_begin(&burst, false, 3);
	assert_int_equal(burst.steps, BURST_STEPS);
}

static void test_end(void **state)
{
	struct burst burst = { 0 };

	(void)state;
	assert_false(burst_observe(&burst, VERDICT_FAIL));
	burst_begin(&burst, false, 3);
	burst_end(&burst);
	assert_false(burst_observe(&burst, VERDICT_FAIL));
	burst_begin(&burst, false, 3);
	assert_true(burst_step(&burst));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases),
		                            cmocka_unit_test(test_second_hint),
		                            cmocka_unit_test(test_end) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
