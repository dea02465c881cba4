#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/policy/isolation.h"
#include "tests/support/unit.h"

#define SITES 26
#define STEP_US 1000000u

/*
 * Steps are 1 s apart, each a site and what becomes of it:
 *
 *   A+  its attempt was answered             A-  its attempt, of this second, ended in silence
 *   A=  it was answered half a second ago,   A_  its attempt, of the last 5 s, ended in silence
 *       and then came silence               A,  the same, after it was answered 4 s ago
 *   A!  it is removed                        A?  it is added (again)
 *
 * Capital sites are up and fall after two failures; lower-case ones are no longer up, so one is enough. What comes of each step: c the
 * silence counts, h it is held, n it never counts; I this host is isolated now, E no longer; and each site whose held failures count
 * now, with their number; "." nothing.
 */
struct row {
	const char *name;
	/* Two of the same letter have one address, in its mapped form if it is a lower-case letter. */
	const char *sites;
	const char *steps, *expected;
};

static const struct row rows[] = {
	{ "one address: silence counts", "A", "A- A- A-", "c c c" },
	{ "two checks of one address cannot be compared", "Aa", "A- a- A-", "c c c" },
	{ "one of two falls silent, the other was heard before: held", "AB", "A+ B+ A-", ". . h" },
	{ "heard since: what was held counts, and all that follows", "AB", "B+ A- B+ A- A-",
	  ". h A1 c c" },
	{ "several were held", "ABC", "A- A- B+ A-", "h h A2 c" },
	{ "several sites were held", "ABCD", "A- B- A- C+ A- B-", "h h h A2B1 c c" },
	{ "heard before the silence of the one, after that of the other", "ABC", "A- C+ B- B- A-",
	  "h A1 h h c" },
	{ "a refusal proves the path as a pass does", "AB", "A- B+", "h A1" },
	{ "an answered site starts from zero", "AB", "A- A+ A- B+", "h . h A1" },

	{ "all silent for as long as takes them down: isolated", "AB", "A- B- A- B-", "h h h nI" },
	{ "one failure of each is too few", "AB", "A- B-", "h h" },
	{ "one that is down already needs one failure", "Ab", "b+ A- A- b-", ". h h nI" },
	{ "nothing is known yet: one failure each", "ab", "a- b-", "h nI" },
	{ "three: the third was not asked yet", "ABC", "A- A- B- B- A-", "h h h h h" },
	{ "three, all silent", "ABC", "A- A- B- B- C- C-", "h h h h h nI" },
	{ "a dead one's old silence does not make an isolation", "abC", "a- b+ a- C- C- b-",
	  "h a1 c h h h" },
	{ "a dead one's new silence does", "abC", "a- b+ a- C- C- b- a-", "h a1 c h h h nI" },
	{ "one that died before counts on meanwhile", "abC", "a- b+ a- C- a- C- b-",
	  "h a1 c h c h nI" },

	{ "isolated: nothing counts", "AB", "A- B- A- B- A- B- A-", "h h h nI n n n" },
	{ "the first that is heard ends it, and all begins anew", "AB", "A- B- A- B- A+ B- A+ B-",
	  "h h h nI E h B1 c" },
	{ "isolated again", "AB", "A- B- A- B- A+ A- B- A- B-", "h h h nI E h h h nI" },
	{ "an attempt from before the end never counts", "AB", "A- B- A- B- A+ B_ B- A+",
	  "h h h nI E n h B1" },
	{ "accepted meanwhile: its end, but not for that attempt", "AB", "A- B- A- B- A= A- B+",
	  "h h h nI En h A1" },
	{ "accepted before the isolation began: no end", "AB", "A- B- A- B- A,", "h h h nI n" },

	{ "accepted, then silence: the path is there", "AB", "A= A= A=", "h cA1 c" },
	{ "all hang, but accept: no isolation", "AB", "A= B= A= B= A= B=", "h hA1 cB1 c c c" },

	{ "those that are removed are not waited for", "ABC", "A- A- B- C! B-", "h h h . nI" },
	{ "removed until only one is left: held ones count", "AB", "A- A- B!", "h h A2" },
	{ "removed until only one is left: the isolation ends", "AB", "A- B- A- B- B! A-",
	  "h h h nI E c" },
	{ "a removed one leaves nothing behind", "ABC", "A- A- A! A? B- B- C- C-",
	  "h h . . h h h h" },
	{ "added while isolated", "AB", "A- B- A- B- B! B? A-", "h h h nI E . h" },
};

struct world {
	struct isolation isolation;
	struct isolation_site site[SITES];
	struct address address[SITES];
	const char *names;
	uint64_t now_us;
	char out[64];
};

static unsigned needed(char name)
{
	return name >= 'a' ? 1 : 2;
}

static struct isolation_site *site_of(struct world *world, char name)
{
	const char *found = strchr(world->names, name);

	assert_non_null(found);
	return &world->site[found - world->names];
}

static void add(struct world *world, char name)
{
	struct isolation_site *site = site_of(world, name);
	struct address *address = &world->address[site - world->site];
	char text[ADDRESS_TEXT_MAX];

	snprintf(text, sizeof(text), "%s192.0.2.%d", name >= 'a' ? "::ffff:" : "", name & 31);
	assert_true(address_parse(text, address));
	isolation_add(&world->isolation, site, address);
}

static void say(struct world *world, const char *text)
{
	strncat(world->out, text, sizeof(world->out) - strlen(world->out) - 1);
}

static void silence(struct world *world, char name, uint64_t took_us)
{
	static const char *const words[] = { "c", "h", "n" };
	bool before = world->isolation.isolated;

	say(world, words[isolation_silent(&world->isolation, site_of(world, name), needed(name),
	                                  world->now_us - took_us, world->now_us)]);
	if (world->isolation.isolated && !before)
		say(world, "I");
}

static void hear(struct world *world, uint64_t ago_us)
{
	if (isolation_heard(&world->isolation, world->now_us - ago_us))
		say(world, "E");
}

static void say_due(struct world *world)
{
	const struct isolation_site *site;
	unsigned failures;
	char text[16];

	while ((site = isolation_due(&world->isolation, &failures))) {
		snprintf(text, sizeof(text), "%c%u", world->names[site - world->site], failures);
		say(world, text);
	}
}

static void step(struct world *world, char name, char what)
{
	struct isolation_site *site = site_of(world, name);

	world->now_us += STEP_US;
	if (what == '+')
		hear(world, 0), isolation_answered(&world->isolation, site);
	else if (what == '!')
		isolation_remove(&world->isolation, site);
	else if (what == '?')
		add(world, name);
	else if (what == '=')
		hear(world, STEP_US / 2);
	else if (what == ',')
		hear(world, 4 * STEP_US);
	if (strchr("-=_,", what))
		silence(world, name, strchr("_,", what) ? 5 * STEP_US : STEP_US);
	if (isolation_recount(&world->isolation, world->now_us))
		say(world, "E");
	say_due(world);
	if (!*world->out)
		say(world, ".");
}

/* What is counted in passing is what can be counted afterwards. */
static void check_counts(const struct world *world)
{
	const struct isolation *isolation = &world->isolation;
	const struct isolation_site *site;
	size_t count = 0, lost = 0, held = 0, waiting = 0;

	TAILQ_FOREACH (site, &isolation->sites, place) {
		count++;
		lost += site->silent && site->lost == isolation->epoch;
		held += site->held > 0;
		assert_true(site->held <= site->silent);
		assert_int_equal(site->gone,
		                 site->silent >= needed(world->names[site - world->site]));
	}
	TAILQ_FOREACH (site, &isolation->held, waiting) {
		waiting++;
	}
	assert_int_equal(isolation->count, count);
	assert_int_equal(isolation->lost, lost);
	assert_int_equal(waiting, held);
}

static void begin(struct world *world, const char *names)
{
	*world = (struct world){ .names = names, .now_us = 1000 * STEP_US };
	isolation_init(&world->isolation);
	for (const char *name = names; *name; name++)
		add(world, *name);
}

static void run_row(const struct row *row)
{
	const char *next = row->steps, *expected = row->expected;
	struct world world;

	begin(&world, row->sites);
	while (*next) {
		size_t length = strcspn(expected, " ");

		world.out[0] = '\0';
		step(&world, next[0], next[1]);
		check_counts(&world);
		if (strlen(world.out) != length || memcmp(world.out, expected, length) != 0)
			fail_msg("%s: '%s' gives %s", row->name, next, world.out);
		next += 2 + strspn(next + 2, " ");
		expected += length + strspn(expected + length, " ");
	}
	assert_int_equal(*expected, '\0');
}

static void rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_row(&rows[i]);
}

/* Whatever comes, the counts agree; and what counts is never more than what failed. */
static void random_steps(void **state)
{
	static const char whats[] = "++---==_,!?";
	unsigned seed = (unsigned)time(NULL);
	struct world world;

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 200; round++) {
		begin(&world, round % 2 ? "AaBbCdE" : "AB");
		for (int i = 0; i < 300; i++) {
			char name = world.names[(size_t)rand() % strlen(world.names)];
			char what = whats[(size_t)rand() % (sizeof(whats) - 1)];

			if (!site_of(&world, name)->listed)
				what = '?';
			world.out[0] = '\0';
			step(&world, name, what);
			check_counts(&world);
			assert_false(world.isolation.isolated &&
			             !TAILQ_EMPTY(&world.isolation.held));
		}
	}
}

/* Silence always counts; what was held counts now, and an isolation ends. */
static void switched_off(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "AB");
	for (const char *steps = "A-B-A-B-"; *steps; steps += 2)
		step(&world, steps[0], steps[1]);
	assert_true(world.isolation.isolated);
	world.isolation.off = true;
	world.out[0] = '\0';
	step(&world, 'A', '-');
	assert_string_equal(world.out, "nE");
	for (const char *steps = "A-B-A-B-"; *steps; steps += 2) {
		world.out[0] = '\0';
		step(&world, steps[0], steps[1]);
		assert_string_equal(world.out, "c");
	}
}

/* Each in turn, the one that was heard last first. */
static void witnesses(void **state)
{
	struct world world;

	(void)state;
	begin(&world, "ABC");
	step(&world, 'B', '+');
	step(&world, 'C', '+');
	assert_ptr_equal(isolation_witness(&world.isolation), site_of(&world, 'C'));
	assert_ptr_equal(isolation_witness(&world.isolation), site_of(&world, 'B'));
	assert_ptr_equal(isolation_witness(&world.isolation), site_of(&world, 'A'));
	assert_ptr_equal(isolation_witness(&world.isolation), site_of(&world, 'C'));
	begin(&world, "");
	assert_null(isolation_witness(&world.isolation));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(random_steps),
		cmocka_unit_test(switched_off),
		cmocka_unit_test(witnesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
