/* Overrides: their words and events, their end by time, and what a reload makes of them. */
#include <stdarg.h>
#include <stddef.h>

#include <event2/event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/event/event.h"
#include "daemon/monitor/override.h"
#include "daemon/roster/roster.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PATIENCE_MS 60000u
#define RECORDS 3u

/* --- what happened ------------------------------------------------------------------------------ */

static char story[2000];

void event_emit(const struct event_record *event)
{
	static const char *const words[] = { [EVENT_FORCED] = "forced",
		                             [EVENT_RELEASED] = "released",
		                             [EVENT_EXPIRED] = "expired",
		                             [EVENT_DROPPED] = "dropped" };

	sprintf(story + strlen(story), "%s %s %s %s\n", event->record, event->endpoint,
	        words[event->type], event->reason);
}

static void changed(void *arg, struct record *record)
{
	(void)arg;
	sprintf(story + strlen(story), "%s elects\n", record->config->name);
}

static void expect(const char *expected)
{
	assert_string_equal(story, expected);
	story[0] = '\0';
}

/* --- records ------------------------------------------------------------------------------------ */

static const struct endpoint_config endpoints[] = { { .id = "primary" }, { .id = "secondary" } };

static const struct record_config configs[RECORDS + 1] = {
	{ .name = "a", .endpoints = endpoints, .endpoint_count = 2 },
	{ .name = "b", .endpoints = endpoints, .endpoint_count = 2 },
	{ .name = "c", .endpoints = endpoints, .endpoint_count = 2 },
	{ .name = "d", .endpoints = endpoints, .endpoint_count = 1 },
};

struct world {
	struct event_base *base;
	struct overrides overrides;
	struct record records[RECORDS];
	struct roster roster;
};

static void fill(struct world *world, struct roster *roster, struct record *records, size_t first)
{
	(void)world;
	memset(records, 0, RECORDS * sizeof(*records));
	*roster = (struct roster){ .records = records, .count = RECORDS };
	for (size_t i = 0; i < RECORDS; i++) {
		records[i].config = &configs[first + i];
		election_init(&records[i].decided.election);
	}
}

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	story[0] = '\0';
	*state = world;
	world->base = event_base_new();
	fill(world, &world->roster, world->records, 0);
	overrides_init(&world->overrides, world->base, changed, world);
	overrides_carry(&world->overrides, NULL, &world->roster);
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	overrides_free(&world->overrides);
	for (size_t i = 0; i < RECORDS; i++)
		free(world->records[i].decided.override);
	event_base_free(world->base);
	free(world);
	return 0;
}

static void set(struct world *world, size_t record, int endpoint, uint32_t for_ms,
                const char *reason)
{
	struct override override = { .by = "root", .since = 86400 };

	strcpy(override.reason, reason);
	if (for_ms) {
		override.until = 86400 + for_ms / 1000;
		override.deadline_ms = clock_boot_ms() + for_ms;
	}
	override_set(&world->overrides, &world->records[record], endpoint, &override);
}

/* --- cases -------------------------------------------------------------------------------------- */

static void words(void **state)
{
	static const struct {
		struct override override;
		const char *words;
	} cases[] = {
		{ { .by = "root" }, "forced to secondary by root" },
		{ { .by = "root", .reason = "disks" }, "forced to secondary by root: disks" },
		{ { .by = "uid 7", .until = 86401 },
		  "forced to secondary by uid 7 until 1970-01-02T00:00:01Z" },
		{ { .by = "root", .reason = "disks", .until = 86401 },
		  "forced to secondary by root until 1970-01-02T00:00:01Z: disks" },
	};
	char text[OVERRIDE_WORDS_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct override override = cases[i].override;
		struct record record = { .config = &configs[0],
			                 .decided.override = &override,
			                 .decided.election.forced = 1 };

		assert_string_equal(override_words(&record, text), cases[i].words);
	}
}

static void set_and_released(void **state)
{
	struct world *world = *state;

	set(world, 0, 1, 0, "");
	assert_int_equal(world->records[0].decided.election.forced, 1);
	set(world, 0, 0, 0, "other");
	assert_int_equal(world->records[0].decided.election.forced, 0);
	expect("a secondary forced by root\na primary forced by root: other\n");
	override_release(&world->overrides, &world->records[0], "eva");
	assert_int_equal(world->records[0].decided.election.forced, -1);
	assert_null(world->records[0].decided.override);
	expect("a primary released by eva\n");
	override_release(&world->overrides, &world->records[0], "eva");
	expect("");
}

/* Whatever the order in which they were set; one without a time stays. */
static void they_expire_in_time(void **state)
{
	struct world *world = *state;
	uint64_t start = clock_boot_ms();

	set(world, 0, 1, 1000, "late");
	set(world, 1, 1, 100, "soon");
	set(world, 2, 1, 0, "stays");
	story[0] = '\0';
	while (world->records[0].decided.override || world->records[1].decided.override) {
		assert_true(clock_boot_ms() - start < PATIENCE_MS);
		event_base_loop(world->base, EVLOOP_ONCE);
		if (world->records[0].decided.override == NULL)
			assert_true(clock_boot_ms() - start >= 1000);
	}
	assert_true(clock_boot_ms() - start >= 1000);
	assert_int_equal(world->records[0].decided.election.forced, -1);
	assert_non_null(world->records[2].decided.override);
	expect("b secondary expired by root until 1970-01-02T00:00:00Z: soon\nb elects\n"
	       "a secondary expired by root until 1970-01-02T00:00:01Z: late\na elects\n");
}

/* Restored with a deadline that has passed meanwhile: it ends at the loop's first turn. */
static void what_is_overdue_ends_at_once(void **state)
{
	struct world *world = *state;
	struct override override = { .by = "root", .deadline_ms = 1, .until = 1 };

	override_set(&world->overrides, &world->records[0], 1, &override);
	event_base_loop(world->base, EVLOOP_ONCE);
	assert_null(world->records[0].decided.override);
}

/* Of a, b and c the next configuration has b, c and d; roster_build() has carried what was forced of b, but c's endpoint is gone. */
static void a_reload_carries_or_drops(void **state)
{
	struct world *world = *state;
	struct record records[RECORDS];
	struct roster roster;

	set(world, 0, 1, 0, "");
	set(world, 1, 1, 3600000, "stays");
	set(world, 2, 1, 0, "");
	story[0] = '\0';
	fill(world, &roster, records, 1);
	records[0].decided.election.forced = 0;
	overrides_carry(&world->overrides, &world->roster, &roster);
	expect("a secondary dropped it is no longer in the configuration\n"
	       "c secondary dropped it is no longer in the configuration\n");
	for (size_t i = 0; i < RECORDS; i++)
		assert_null(world->records[i].decided.override);
	assert_string_equal(records[0].decided.override->reason, "stays");
	assert_null(records[1].decided.override);
	free(records[0].decided.override);
	overrides_carry(&world->overrides, NULL, &world->roster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test_setup_teardown(set_and_released, begin, end),
		cmocka_unit_test_setup_teardown(they_expire_in_time, begin, end),
		cmocka_unit_test_setup_teardown(what_is_overdue_ends_at_once, begin, end),
		cmocka_unit_test_setup_teardown(a_reload_carries_or_drops, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
