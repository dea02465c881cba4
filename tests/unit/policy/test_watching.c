/* When an idle connection is opened, and what its end means, as scripts. */
#include <stdio.h>
#include <string.h>

#include "daemon/policy/watching.h"
#include "tests/support/unit.h"

#define MS UINT64_C(1000)
#define S (1000 * MS)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/*
 * P a probe passes, F fails, D fails and takes the target down; o the connection is being opened, h
 * it is held; x the peer ends it, i this host does, c it talks too much.
 * After each: the phase (- off, w waiting, o opening, h held), then ! for a burst, 1 for one probe,
 * and x where the caller has to close the connection.
 */
struct step {
	uint64_t after; /* µs since the step before */
	char what;
	const char *then;
	uint64_t due; /* µs from now, where the phase is w */
};

#define STEPS_MAX 24u

static const struct {
	const char *name;
	struct step steps[STEPS_MAX];
} scripts[] = {
	{ "nothing is opened before a probe has passed",
	  { { 0, 'F', "-", 0 }, { S, 'P', "w", 0 }, { 0, 'o', "o", 0 }, { MS, 'h', "h", 0 } } },
	{ "passes leave what is held",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { S, 'P', "h", 0 },
	    { S, 'F', "h", 0 } } },
	{ "down closes what is held, and forgets the delay",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { S, 'D', "-x", 0 },
	    { S, 'F', "-", 0 },
	    { S, 'P', "w", 0 } } },
	{ "down closes what is being opened",
	  { { 0, 'P', "w", 0 }, { 0, 'o', "o", 0 }, { 0, 'D', "-x", 0 } } },
	{ "an end is a hint; the next one waits a second, and longer each time",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 5 * S, 'x', "-!", 0 },
	    { 0, 'P', "w", S },
	    { S, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 15 * S, 'x', "-!", 0 },
	    { 0, 'P', "w", 2 * S },
	    { 2 * S, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 29 * S, 'x', "-!", 0 },
	    { 0, 'P', "w", 4 * S } } },
	{ "a failure after the end: only a pass opens the next one, not before it is due",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 9 * S, 'x', "-!", 0 },
	    { 0, 'P', "w", S },
	    { MS, 'F', "-", 0 },
	    { MS, 'P', "w", S - 2 * MS } } },
	{ "a server that ends idle connections at the same age costs one probe each time",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 60 * S, 'x', "-!", 0 },
	    { 0, 'P', "w", S },
	    { S, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 62 * S, 'x', "-1", 0 },
	    { 0, 'P', "w", S },
	    { S, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 75 * S, 'x', "-!", 0 },
	    { 0, 'P', "w", S } } },
	{ "one that ends them at once, too, and is asked more and more rarely",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { MS, 'x', "-!", 0 },
	    { 0, 'P', "w", S },
	    { S, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 3 * MS, 'x', "-1", 0 },
	    { 0, 'P', "w", 2 * S },
	    { 2 * S, 'o', "o", 0 },
	    { 0, 'x', "-1", 0 },
	    { 0, 'P', "w", 4 * S } } },
	{ "what was learned of a server is forgotten when it is down",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 60 * S, 'x', "-!", 0 },
	    { 0, 'P', "w", S },
	    { 0, 'D', "-", 0 },
	    { S, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 60 * S, 'x', "-!", 0 },
	    { 0, 'P', "w", S } } },
	{ "a fault of this host is no hint",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'i', "w", S },
	    { S, 'o', "o", 0 },
	    { 0, 'i', "w", 2 * S } } },
	{ "nor is one that says nothing of the server's habits",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'i', "w", S },
	    { S, 'o', "o", 0 },
	    { 0, 'x', "-!", 0 },
	    { 0, 'P', "w", 2 * S } } },
	{ "a peer that talks is left alone for long",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { S, 'c', "w", 300 * S } } },
	{ "a connection that lived long shortens the delay again",
	  { { 0, 'P', "w", 0 },
	    { 0, 'o', "o", 0 },
	    { 0, 'x', "-!", 0 },
	    { 0, 'P', "w", S },
	    { S, 'o', "o", 0 },
	    { 0, 'x', "-1", 0 },
	    { 0, 'P', "w", 2 * S },
	    { 2 * S, 'o', "o", 0 },
	    { 0, 'h', "h", 0 },
	    { 30 * S, 'x', "-!", 0 },
	    { 0, 'P', "w", S } } },
};

static void hint_words(enum watching_hint hint, char text[3])
{
	const size_t length = strlen(text);

	text[length] = "\0001!"[hint];
	text[length + 1] = '\0';
}

/* Does one step, and says what came of it. */
static void play(struct watching *watching, char what, uint64_t now, char then[4])
{
	enum watching_hint hint = WATCHING_NO_HINT;
	bool close = false;

	switch (what) {
	case 'P': watching_passed(watching, now); break;
	case 'F': close = watching_failed(watching, false, now); break;
	case 'D': close = watching_failed(watching, true, now); break;
	case 'o':
		assert_true(watching_is_due(watching, now));
		watching_opening(watching, now);
		break;
	case 'h': watching_opened(watching, now); break;
	case 'x': hint = watching_ended(watching, WATCHING_PEER, now); break;
	case 'i': hint = watching_ended(watching, WATCHING_HOST, now); break;
	default: hint = watching_ended(watching, WATCHING_CHATTER, now);
	}
	snprintf(then, 4, "%c%s", "-woh"[watching->phase], close ? "x" : "");
	hint_words(hint, then);
}

static void test_scripts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct watching watching = { 0 };
		uint64_t now = 1000 * S;

		for (size_t k = 0; k < STEPS_MAX && scripts[i].steps[k].what; k++) {
			const struct step *step = &scripts[i].steps[k];
			uint64_t due;
			char then[4];

			now += step->after;
			play(&watching, step->what, now, then);
			if (strcmp(then, step->then) != 0)
				fail_msg("%s: step %zu (%c): %s, not %s", scripts[i].name, k + 1,
				         step->what, then, step->then);
			due = watching.due_us > now ? watching.due_us - now : 0;
			if (step->then[0] == 'w' && due != step->due)
				fail_msg("%s: step %zu (%c): due in %zu us, not %zu",
				         scripts[i].name, k + 1, step->what, (size_t)due,
				         (size_t)step->due);
			if (step->then[0] == 'w')
				assert_int_equal(watching_is_due(&watching, now), due == 0);
		}
	}
}

static void test_delay_is_bounded(void **state)
{
	struct watching watching = { 0 };
	uint64_t now = 1000 * S, before = 0;

	(void)state;
	watching_passed(&watching, now);
	for (int i = 0; i < 100; i++) {
		now += watching.due_us > now ? watching.due_us - now : 0;
		watching_opening(&watching, now);
		watching_ended(&watching, WATCHING_PEER, now);
		watching_passed(&watching, now);
		assert_true(watching.due_us - now >= before);
		before = watching.due_us - now;
		assert_true(before <= WATCHING_DELAY_MAX_US);
	}
	assert_int_equal(before, WATCHING_DELAY_MAX_US);
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(watching_word(WATCHING_OFF), "off");
	assert_string_equal(watching_word(WATCHING_WAITING), "waiting");
	assert_string_equal(watching_word(WATCHING_OPENING), "opening");
	assert_string_equal(watching_word(WATCHING_HELD), "held");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_scripts),
		                            cmocka_unit_test(test_delay_is_bounded),
		                            cmocka_unit_test(test_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
