/* The decisions of resolve. Asking real servers is the system tests' part. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include "daemon/resolve/rules.h"

#include "shunt/table.h"
#include "tests/support/unit.h"

static void ttls_are_held_to_their_bounds(void **state)
{
	static const struct {
		int ttl;
		uint32_t ms;
	} cases[] = {
		{ 0, 1000 },
		{ 1, 1000 },
		{ 2, 2000 },
		{ 299, 299000 },
		{ 300, 300000 },
		{ 301, 300000 },
		{ 86400, 300000 },
		{ INT32_MAX, 1000 },
		{ -1, 1000 },
		{ INT32_MIN, 1000 },
		{ INT32_MAX - 1, 300000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(resolve_ttl_ms(cases[i].ttl), cases[i].ms);
}

static void questions_come_early_but_never_late(void **state)
{
	static const uint32_t times[] = { 500, 1000, 10000, 300000 };
	uint32_t least = UINT32_MAX, most = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		for (uint32_t random = 0; random < 5000; random++) {
			uint32_t ms = resolve_early_ms(times[i], random);

			assert_in_range(ms, times[i] - times[i] / 10, times[i]);
		}
	assert_in_range(resolve_early_ms(300000, UINT32_MAX), 270000, 300000);
	for (uint32_t random = 0; random < 5000; random++) {
		uint32_t ms = resolve_early_ms(10000, random);

		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	assert_int_equal(least, 9000);
	assert_int_equal(most, 10000);
}

static void retries_back_off(void **state)
{
	static const struct {
		unsigned failures;
		uint32_t limit, ms;
	} cases[] = {
		{ 0, 10000, 1000 },   { 1, 10000, 2000 },           { 2, 10000, 4000 },
		{ 3, 10000, 8000 },   { 4, 10000, 10000 },          { 5, 30000, 30000 },
		{ 4, 30000, 16000 },  { 31, 10000, 10000 },         { 32, 30000, 30000 },
		{ 64, 10000, 10000 }, { UINT32_MAX, 10000, 10000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(resolve_backoff_ms(cases[i].failures, cases[i].limit),
		                 cases[i].ms);
}

static void an_outage_is_watched_closely_but_cheaply(void **state)
{
	static const struct {
		size_t stalled;
		bool silent;
		uint32_t ms;
	} cases[] = {
		{ 0, false, 1000 },     { 1, false, 1000 },         { 1, true, 500 },
		{ 50, true, 500 },      { 51, true, 510 },          { 100, false, 1000 },
		{ 200, false, 2000 },   { 999, true, 9990 },        { 1000, true, 10000 },
		{ 20000, true, 10000 }, { SIZE_MAX, false, 10000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(resolve_outage_ms(cases[i].stalled, cases[i].silent), cases[i].ms);
}

static struct address ip(const char *text)
{
	struct address address;

	assert_true(address_parse(text, &address));
	return address;
}

/* Inserts the words of `texts` and compares the set with the words of `wanted`. */
static void check_insert(const char *texts, size_t room, const char *wanted, bool fits)
{
	struct address set[8];
	size_t count = 0;
	bool all = true;
	char copy[256], got[256] = "", text[ADDRESS_TEXT_MAX];

	snprintf(copy, sizeof(copy), "%s", texts);
	memset(set, 0xff, sizeof(set));
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
		struct address address = ip(word);

		all &= resolve_insert(set, &count, room, &address);
	}
	for (size_t i = 0; i < count; i++) {
		strcat(got, i ? " " : "");
		strcat(got, address_format(&set[i], text));
	}
	assert_string_equal(got, wanted);
	assert_int_equal(all, fits);
	/* What lies behind the room is untouched. */
	assert_int_equal(set[room].family, UINT32_MAX);
}

static void addresses_are_sorted_without_doubles(void **state)
{
	static const struct {
		const char *texts;
		size_t room;
		const char *wanted;
		bool fits;
	} cases[] = {
		{ "", 4, "", true },
		{ "10.0.0.1", 4, "10.0.0.1", true },
		{ "10.0.0.3 10.0.0.1 10.0.0.2", 4, "10.0.0.1 10.0.0.2 10.0.0.3", true },
		{ "10.0.0.1 10.0.0.1 10.0.0.1", 1, "10.0.0.1", true },
		{ "::2 10.0.0.9 ::1", 4, "10.0.0.9 ::1 ::2", true },
		{ "fe80::1%2 fe80::1%1 fe80::1%2", 4, "fe80::1%1 fe80::1%2", true },
		/* Too many: the same ones stay, in whatever order they come. */
		{ "10.0.0.1 10.0.0.2 10.0.0.3", 2, "10.0.0.1 10.0.0.2", false },
		{ "10.0.0.3 10.0.0.2 10.0.0.1", 2, "10.0.0.1 10.0.0.2", false },
		{ "10.0.0.2 10.0.0.3 10.0.0.1 10.0.0.3", 2, "10.0.0.1 10.0.0.2", false },
		{ "10.0.0.2 10.0.0.1 10.0.0.2", 2, "10.0.0.1 10.0.0.2", true },
		{ "10.0.0.1", 0, "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_insert(cases[i].texts, cases[i].room, cases[i].wanted, cases[i].fits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ttls_are_held_to_their_bounds),
		cmocka_unit_test(questions_come_early_but_never_late),
		cmocka_unit_test(retries_back_off),
		cmocka_unit_test(an_outage_is_watched_closely_but_cheaply),
		cmocka_unit_test(addresses_are_sorted_without_doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
