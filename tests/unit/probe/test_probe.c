/* The schedule, our own lateness, texts and bodies as tables of cases; then the prober with a kind that needs no network. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/printable.h"
#include "daemon/probe/kind/body.h"
#include "daemon/probe/kind/route.h"
#include "daemon/probe/lag.h"
#include "daemon/probe/probe.h"
#include "daemon/probe/queue.h"
#include "daemon/probe/schedule.h"
#include "daemon/probe/tally.h"
#include "shunt/table.h"
#include "tests/support/unit.h"

/* libevent's clock is a coarse one unless it is asked for another. */
#define COARSE_US 20000

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct check plain_check = {
	.type = CHECK_TCP, .port = 80, .interval = 10000, .timeout = 60000
};

static struct address ipv4(uint32_t number)
{
	struct address address = { .family = SHUNT_FAMILY_IPV4 };

	number = htonl(number);
	memcpy(address.byte, &number, 4);
	return address;
}

/* --- schedule --- */

static void test_hash_differs(void **state)
{
	struct check other_port = plain_check, other_path = plain_check;
	struct address a = ipv4(0x7f000001), b = ipv4(0x7f000002);
	uint32_t hash = probe_schedule_hash(&plain_check, &a, "h");

	(void)state;
	other_port.port = 81;
	other_path.path = "/x";
	assert_int_equal(hash, probe_schedule_hash(&plain_check, &a, "h"));
	assert_int_not_equal(hash, probe_schedule_hash(&plain_check, &b, "h"));
	assert_int_not_equal(hash, probe_schedule_hash(&plain_check, &a, "i"));
	assert_int_not_equal(hash, probe_schedule_hash(&other_port, &a, "h"));
	assert_int_not_equal(hash, probe_schedule_hash(&other_path, &a, "h"));
}

static void test_first(void **state)
{
	static const struct {
		uint32_t hash;
		uint64_t made;
		uint32_t interval_ms;
		uint64_t least_us, most_us;
	} cases[] = {
		{ 0xffffffffu, 0, 10000, 0, 0 },
		{ 0xffffffffu, 63, 10000, 0, 0 },
		{ 0xffffffffu, 64, 10000, 1999999, 1999999 },
		{ 0x80000000u, 64, 10000, 1000000, 1000000 },
		{ 0, 64, 10000, 0, 0 },
		{ 0xffffffffu, 100000, 100, 99999, 99999 },
		{ 0x80000000u, 65, 1000, 500000, 500000 },
		{ 0xffffffffu, 65, UINT32_MAX, 1999999, 1999999 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t us =
		        probe_schedule_first_us(cases[i].hash, cases[i].made, cases[i].interval_ms);

		assert_in_range(us, cases[i].least_us, cases[i].most_us);
	}
}

#define GRID_MOST_US ((uint64_t)PROBE_GRID_US * PROBE_GRID_MOST)

static void test_next_is_within_jitter(void **state)
{
	static const uint32_t delays[] = { 0, 1, 100, 1000, 10000, 3600000, 2073600000 };
	const uint64_t start = 5000000000;

	(void)state;
	for (size_t i = 0; i < COUNT(delays); i++) {
		uint64_t delay = (uint64_t)delays[i] * 1000;

		for (uint32_t n = 0; n < 1000; n++) {
			uint64_t next =
			        probe_schedule_next_us(n * 2654435761u, n, start, delays[i], start);

			assert_in_range(next, start + delay - delay / 10 - GRID_MOST_US / 2,
			                start + delay + delay / 10 + GRID_MOST_US / 2);
			assert_true(next >= start);
		}
	}
}

/* To the nearest multiple, and so as often before as after what the jitter makes of the delay. */
static void test_next_is_on_the_grid(void **state)
{
	static const struct {
		uint32_t delay_ms, steps;
	} cases[] = { { 100, 1 }, { 250, 1 }, { 500, 2 }, { 999, 3 }, { 1000, 4 }, { 10000, 4 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t sum = 0, delay_us = cases[i].delay_ms * 1000;

		for (uint32_t n = 0; n < 1000; n++) {
			uint64_t start = 5000000000 + 777 * n;
			uint64_t next =
			        probe_schedule_next_us(n, n, start, cases[i].delay_ms, start);

			assert_int_equal(next % (cases[i].steps * PROBE_GRID_US), 0);
			sum += next - start;
		}
		assert_in_range(sum / 1000, delay_us * 99 / 100, delay_us * 101 / 100);
	}
}

/* Tenths of the whole range get about a tenth each, over the attempts of one target and over targets. */
static void test_next_is_spread(void **state)
{
	const uint64_t least = 9000000 - GRID_MOST_US / 2;
	const uint64_t tenth = (2000000 + GRID_MOST_US) / 10 + 1;
	unsigned by_attempt[10] = { 0 }, by_target[10] = { 0 };

	(void)state;
	for (uint32_t n = 0; n < 1000; n++) {
		struct address address = ipv4(0x0a000000 + n);
		uint32_t hash = probe_schedule_hash(&plain_check, &address, "");

		by_attempt[(probe_schedule_next_us(77, n, 0, 10000, 0) - least) / tenth]++;
		by_target[(probe_schedule_next_us(hash, 1, 0, 10000, 0) - least) / tenth]++;
	}
	for (size_t i = 0; i < 10; i++) {
		assert_in_range(by_attempt[i], 50, 200);
		assert_in_range(by_target[i], 50, 200);
	}
}

static void test_in_flight(void **state)
{
	static const uint64_t cases[][2] = { { 0, 1 },          { 4, 1 },
		                             { 64, 16 },        { 1024, 256 },
		                             { 16384, 4096 },   { 20000, 4096 },
		                             { 1 << 20, 4096 }, { UINT64_MAX, 4096 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(probe_schedule_in_flight(cases[i][0]), cases[i][1]);
}

static void test_delay(void **state)
{
	static const struct {
		enum health_state state;
		unsigned against;
		uint32_t delay_ms;
	} cases[] = {
		{ HEALTH_UNKNOWN, 0, 1000 }, { HEALTH_UP, 0, 10000 },   { HEALTH_UP, 1, 1000 },
		{ HEALTH_UP, 2, 1000 },      { HEALTH_DOWN, 0, 60000 }, { HEALTH_DOWN, 1, 1000 },
	};
	const struct check delays = { .interval = 10000,
		                      .fast_interval = 1000,
		                      .down_interval = 60000 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct health health = { .state = cases[i].state, .against = cases[i].against };

		assert_int_equal(probe_schedule_delay_ms(&delays, &health), cases[i].delay_ms);
	}
}

static void test_next_is_never_past(void **state)
{
	(void)state;
	assert_int_equal(probe_schedule_next_us(1, 1, 1000000, 100, 9000000), 9000000);
	assert_int_equal(probe_schedule_next_us(1, 1, 1000000, 0, 1000000), 1000000);
}

static void test_tolerance(void **state)
{
	static const uint32_t cases[][2] = { { 0, 50 },           { 100, 50 },    { 200, 50 },
		                             { 204, 51 },         { 400, 100 },   { 3999, 999 },
		                             { 4000, 1000 },      { 4004, 1000 }, { 60000, 1000 },
		                             { 2073600000, 1000 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(probe_schedule_tolerance_ms(cases[i][0]), cases[i][1]);
}

static void test_verdict(void **state)
{
	static const struct {
		enum verdict verdict;
		enum probe_cause cause;
		uint32_t timeout_ms, late_ms;
		enum verdict expected;
	} cases[] = {
		{ VERDICT_PASS, PROBE_ENDED, 500, 0, VERDICT_PASS },
		{ VERDICT_PASS, PROBE_ENDED, 500, 100000, VERDICT_PASS },
		{ VERDICT_NONE, PROBE_ENDED, 500, 0, VERDICT_NONE },
		{ VERDICT_FAIL, PROBE_ENDED, 500, 0, VERDICT_FAIL },
		{ VERDICT_FAIL, PROBE_ENDED, 500, 1000, VERDICT_FAIL },
		{ VERDICT_FAIL, PROBE_ENDED, 500, 1001, VERDICT_NONE },
		{ VERDICT_FAIL, PROBE_TIMED_OUT, 500, 0, VERDICT_FAIL },
		{ VERDICT_FAIL, PROBE_TIMED_OUT, 500, 125, VERDICT_FAIL },
		{ VERDICT_FAIL, PROBE_TIMED_OUT, 500, 126, VERDICT_NONE },
		{ VERDICT_FAIL, PROBE_TIMED_OUT, 100, 50, VERDICT_FAIL },
		{ VERDICT_FAIL, PROBE_TIMED_OUT, 100, 51, VERDICT_NONE },
		{ VERDICT_FAIL, PROBE_TIMED_OUT, 60000, 1000, VERDICT_FAIL },
		{ VERDICT_FAIL, PROBE_TIMED_OUT, 60000, 1001, VERDICT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(probe_schedule_verdict(cases[i].verdict, cases[i].cause,
		                                        cases[i].timeout_ms, cases[i].late_ms),
		                 cases[i].expected);
}

/* --- lateness --- */

static struct lag_now at(uint64_t ms)
{
	return (struct lag_now){ .us = ms * 1000 };
}

/* Ticks that come when they are due, from `from` to `to`. */
static void tick_on_time(struct lag *lag, uint64_t from, uint64_t to)
{
	for (uint64_t ms = from + PROBE_LAG_TICK_MS; ms <= to; ms += PROBE_LAG_TICK_MS)
		lag_tick(lag, at(ms));
}

static void test_lag_on_time(void **state)
{
	struct lag lag = { 0 };

	(void)state;
	lag_start(&lag, at(1000));
	tick_on_time(&lag, 1000, 2000);
	assert_int_equal(lag_ms(&lag, 1000 * 1000, at(2025)), 0);
}

static void test_lag_stall(void **state)
{
	static const struct {
		uint64_t since, now;
		uint32_t late;
	} cases[] = {
		{ 1000, 5100, 2975 },                    /* all of it */
		{ 2500, 5100, 2500 },                    /* began within the stall */
		{ 4999, 5100, 1 },    { 5000, 5100, 0 }, /* began as it ended */
		{ 5050, 5100, 0 },
	};
	struct lag lag = { 0 };

	(void)state;
	lag_start(&lag, at(1000));
	tick_on_time(&lag, 1000, 2000);
	lag_tick(&lag, at(5000));
	tick_on_time(&lag, 5000, 5100);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(lag_ms(&lag, cases[i].since * 1000, at(cases[i].now)),
		                 cases[i].late);
}

/* After a stop any event may run before the tick does. */
static void test_lag_before_the_tick(void **state)
{
	struct lag lag = { 0 };

	(void)state;
	lag_start(&lag, at(1000));
	assert_int_equal(lag_ms(&lag, 1000 * 1000, at(4025)), 3000);
	assert_int_equal(lag_ms(&lag, 4000 * 1000, at(4025)), 25);
	lag_stop(&lag, at(4025));
	assert_int_equal(lag_ms(&lag, 1000 * 1000, at(9000)), 3000);
	lag_start(&lag, at(9000));
	assert_int_equal(lag_ms(&lag, 8999 * 1000, at(9020)), 0);
}

static void test_lag_suspension(void **state)
{
	struct lag lag = { 0 };
	struct lag_now resumed = { .us = 1010 * 1000, .sleep_us = 60000000 };

	(void)state;
	lag_start(&lag, at(1000));
	assert_int_equal(lag_ms(&lag, 1005 * 1000, resumed), 60000);
	lag_tick(&lag, resumed);
	resumed.us += 20000;
	assert_int_equal(lag_ms(&lag, 1005 * 1000, resumed), 60000);
	assert_int_equal(lag_ms(&lag, 1015 * 1000, resumed), 0);
}

static void test_lag_clock_noise(void **state)
{
	struct lag lag = { 0 };
	struct lag_now now = { .us = 1010 * 1000, .sleep_us = 40000 };

	(void)state;
	lag_start(&lag, at(1000));
	assert_int_equal(lag_ms(&lag, 1000 * 1000, now), 0);
	lag_tick(&lag, now);
	now.sleep_us = 0;
	assert_int_equal(lag_ms(&lag, 1000 * 1000, now), 0);
}

/* More stalls than are kept, each shorter than the one before: none may be forgotten, if taken for a longer one. */
static void test_lag_many_stalls(void **state)
{
	struct lag lag = { 0 };
	uint64_t now = 1000, ends[3 * PROBE_LAG_STALLS];

	(void)state;
	lag_start(&lag, at(now));
	for (size_t i = 0; i < COUNT(ends); i++) {
		now += PROBE_LAG_TICK_MS + 1000 - i;
		lag_tick(&lag, at(now));
		ends[i] = now;
	}
	assert_int_equal(lag_ms(&lag, 1000 * 1000, at(now)), 1000);
	for (size_t i = 1; i < COUNT(ends); i++)
		assert_in_range(lag_ms(&lag, ends[i - 1] * 1000, at(now)), 1000 - i, 1000);
	lag_tick(&lag, at(now + 5000));
	assert_int_equal(lag.count, 1);
}

/* --- texts, bodies, kinds of addresses --- */

static void test_text(void **state)
{
	static const struct {
		const char *text, *clean;
	} cases[] = {
		{ "", "" },
		{ "status 503", "status 503" },
		{ "a\tb\nc\x1b[31m\x7f", "a?b?c?[31m?" },
		{ "caf\xc3\xa9", "caf??" },
		{ "0123456789abcdef", "0123456789abcde" },
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		printable_clean(out, sizeof(out), cases[i].text);
		assert_string_equal(out, cases[i].clean);
	}
}

static const struct {
	const char *text, *body;
	size_t limit;
	bool found;
} bodies[] = {
	{ "ok", "ok", 5120, true },        { "ok", "", 5120, false },
	{ "ok", "o", 5120, false },        { "ok", "all ok here", 5120, true },
	{ "ok", "all ok here", 6, true },  { "ok", "all ok here", 5, false },
	{ "ok", "ok", 0, false },          { "o", "xxo", 3, true },
	{ "o", "xxo", 2, false },          { "aab", "aaaab", 5120, true },
	{ "abab", "abaabab", 5120, true }, { "abab", "abaababa", 6, false },
	{ "OK", "ok", 5120, false },       { "abcdefgh", "abcdefgabcdefgh", 5120, true },
};

static bool search(size_t n, size_t first, size_t second)
{
	const char *body = bodies[n].body, *text = bodies[n].text;
	size_t size = strlen(body);
	struct body_search search;
	bool found;

	assert_true(body_search_init(&search, text, bodies[n].limit));
	if (body_search_feed(&search, text, body, first) &&
	    body_search_feed(&search, text, body + first, second - first))
		body_search_feed(&search, text, body + second, size - second);
	found = search.found;
	body_search_free(&search);
	return found;
}

/* Cut in three in every way, empty pieces too. */
static void test_body_over_borders(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(bodies); n++) {
		size_t size = strlen(bodies[n].body);

		for (size_t first = 0; first <= size; first++) {
			for (size_t second = first; second <= size; second++)
				assert_int_equal(search(n, first, second), bodies[n].found);
		}
	}
}

static void test_body_byte_by_byte(void **state)
{
	struct body_search search;

	(void)state;
	for (size_t n = 0; n < COUNT(bodies); n++) {
		assert_true(body_search_init(&search, bodies[n].text, bodies[n].limit));
		for (const char *p = bodies[n].body; *p; p++) {
			if (!body_search_feed(&search, bodies[n].text, p, 1))
				break;
		}
		assert_int_equal(search.found, bodies[n].found);
		body_search_free(&search);
	}
}

static void test_body_ends_the_transfer(void **state)
{
	struct body_search search;

	(void)state;
	assert_true(body_search_init(&search, "ok", 10));
	assert_true(body_search_feed(&search, "ok", "123456789", 9));
	assert_false(body_search_feed(&search, "ok", "0", 1));
	assert_false(body_search_feed(&search, "ok", "ok", 2));
	assert_false(search.found);
	body_search_free(&search);
}

static void test_body_codings(void **state)
{
	static const struct {
		const char *line;
		unsigned known, unknown;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\n", 0, 0 },
		{ "\r\n", 0, 0 },
		{ "Content-Length: 12\r\n", 0, 0 },
		{ "X-Content-Encoding: gzip\r\n", 0, 0 },
		{ "Content-Encoding:\r\n", 0, 0 },
		{ "Content-Encoding: gzip\r\n", 1, 0 },
		{ "content-encoding:gzip\r\n", 1, 0 },
		{ "Content-Encoding: gzip, gzip\r\n", 2, 0 },
		{ "Content-Encoding: ,gzip,,\tdeflate ,br\n", 3, 0 },
		{ "Transfer-Encoding: chunked\r\n", 0, 0 },
		{ "Transfer-Encoding: CHUNKED \r\n", 0, 0 },
		{ "Transfer-Encoding: gzip, chunked\r\n", 1, 0 },
		{ "Transfer-Encoding: chunkedgzip\r\n", 1, 0 },
		{ "Content-Encoding: identity\r\n", 0, 0 },
		{ "Content-Encoding: UTF-8\r\n", 0, 1 },
		{ "Content-Encoding: aws-chunked, gzip\r\n", 1, 1 },
		{ "Content-Encoding: x-gzip, br,zstd \r\n", 3, 0 },
		{ "Transfer-Encoding: gzip,chunked,deflate", 2, 0 },
	};
	struct body_codings cut = { 0 }, too_long = { 0 };
	char *long_line = calloc(1, 1000), text[1001];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct body_codings codings = { 0 };

		body_codings_add(&codings, cases[i].line, strlen(cases[i].line));
		assert_int_equal(codings.known, cases[i].known);
		assert_int_equal(codings.unknown, cases[i].unknown);
	}
	assert_non_null(long_line);
	snprintf(text, sizeof(text), "%-1000s", "Content-Encoding:");
	memcpy(long_line, text, 1000); /* no zero behind it */
	body_codings_add(&too_long, long_line, 1000);
	assert_true(too_long.known > BODY_CODINGS_MAX);
	/* Only what is within the size counts. */
	body_codings_add(&cut, "Content-Encoding: gzip, gzip", 22);
	assert_int_equal(cut.known, 1);
	free(long_line);
}

static void test_route_kind(void **state)
{
	/* Each of its own kind. */
	static const char *const kinds[] = { "192.0.2.1", "127.0.0.2", "2001:db8::1",
		                             "::1",       "fe80::1",   "fd00::1" };
	static const char *const same[][2] = { { "192.0.2.1", "10.0.0.1" },
		                               { "192.0.2.1", "::ffff:10.0.0.1" },
		                               { "127.0.0.1", "::ffff:127.0.0.1" },
		                               { "2001:db8::1", "2a00::1" },
		                               { "fc00::1", "fdff::1" } };
	struct address a, b;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		for (size_t j = 0; j < COUNT(kinds); j++) {
			assert_true(address_parse(kinds[i], &a) && address_parse(kinds[j], &b));
			assert_int_equal(route_kind(&a) == route_kind(&b), i == j);
		}
	}
	for (size_t i = 0; i < COUNT(same); i++) {
		assert_true(address_parse(same[i][0], &a) && address_parse(same[i][1], &b));
		assert_int_equal(route_kind(&a), route_kind(&b));
	}
}

/* With a kind that the machine that runs this does not have. */
static void test_route_worked(void **state)
{
	static const char *const kinds[] = { "fd00::1", "2001:db8::1", "fe80::1" };
	struct address address;
	size_t i = 0;

	(void)state;
	while (i < COUNT(kinds) && address_parse(kinds[i], &address) && route_exists(&address, 1))
		i++;
	if (i == COUNT(kinds))
		skip();
	route_worked(&address);
	assert_true(route_exists(&address, 2));
	assert_true(route_exists(&address, 5000000));
}

/* --- the prober, with a kind that does nothing until it is told --- */

static struct fake {
	struct event_base *base;
	struct prober *prober;
	bool at_once;      /* starts end within start() */
	unsigned start_us; /* time that a start takes */
	const char *words;
	unsigned starts, cancels, running, most_running;
} fake;

struct target {
	struct probe_subject subject;
	struct probe *probe;
	bool running;
	unsigned starts, ends;
	uint32_t delay_ms;
	struct probe_result last;
};

static const struct probe_asker nobody = { "", "" };

static uint32_t target_done(const struct probe_subject *subject, const struct probe_result *result)
{
	struct target *target = (struct target *)subject; /* its first member */

	target->ends++;
	target->last = *result;
	return target->delay_ms;
}

static struct target *target_of(const struct probe *probe);

static const struct probe_tally *tally(void)
{
	return prober_tally(fake.prober);
}

static enum probe_why some_reason(enum verdict verdict)
{
	static const enum probe_why whys[] = { [VERDICT_PASS] = WHY_PASS,
		                               [VERDICT_FAIL] = WHY_REFUSED,
		                               [VERDICT_NONE] = WHY_OWN_FAULT };

	return whys[verdict];
}

static void fake_finish(struct target *target, enum verdict verdict)
{
	target->running = false;
	fake.running--;
	probe_finish(target->probe, some_reason(verdict), "%s", fake.words);
}

static void fake_finish_path(struct target *target, enum verdict verdict, enum probe_path path)
{
	target->running = false;
	fake.running--;
	probe_finish_path(target->probe, some_reason(verdict), path, "%s", fake.words);
}

static void fake_start(struct probe *probe)
{
	struct target *target = target_of(probe);

	assert_false(target->running);
	target->running = true;
	target->starts++;
	fake.starts++;
	fake.running++;
	if (fake.running > fake.most_running)
		fake.most_running = fake.running;
	probe_set_attempt(probe, target);
	if (fake.start_us)
		usleep(fake.start_us);
	if (fake.at_once)
		fake_finish(target, VERDICT_PASS);
}

static void fake_cancel(void *attempt)
{
	struct target *target = attempt;

	target->running = false;
	fake.cancels++;
	fake.running--;
}

static const char *fake_stage(const void *attempt)
{
	(void)attempt;
	return "waiting";
}

static const struct probe_kind cheap = { .start = fake_start,
	                                 .cancel = fake_cancel,
	                                 .stage = fake_stage };
static const struct probe_kind off_network = {
	.start = fake_start, .cancel = fake_cancel, .stage = fake_stage, .off_network = true
};
static const struct probe_kind program = {
	.start = fake_start, .cancel = fake_cancel, .stage = fake_stage, .cost = PROBE_PROGRAM
};
static const struct probe_kind expensive = {
	.start = fake_start, .cancel = fake_cancel, .stage = fake_stage, .cost = PROBE_HANDSHAKE
};

static struct target targets[200];
static struct check check;

static struct target *target_of(const struct probe *probe)
{
	for (size_t i = 0; i < COUNT(targets); i++) {
		if (targets[i].probe == probe)
			return &targets[i];
	}
	fail();
	return NULL;
}

static void make_one(size_t i, const struct probe_kind *kind, struct address address)
{
	targets[i].subject = (struct probe_subject){ &check, address, nobody };
	targets[i].probe = probe_new(fake.prober, kind, &targets[i].subject);
}

static void make(size_t count, const struct probe_kind *kind)
{
	for (size_t i = 0; i < count; i++) {
		targets[i] = (struct target){ .delay_ms = 3600000 };
		make_one(i, kind, ipv4(0x7f000001 + (uint32_t)i));
	}
}

static void end(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		probe_free(targets[i].probe);
		targets[i].probe = NULL;
	}
}

static int begin(unsigned in_flight_max)
{
	memset(targets, 0, sizeof(targets));
	check = plain_check;
	fake = (struct fake){ .words = "" };
	fake.base = event_base_new();
	fake.prober = prober_new(fake.base, in_flight_max);
	prober_tell(fake.prober, target_done);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return begin(1000);
}

static int teardown(void **state)
{
	(void)state;
	prober_free(fake.prober);
	event_base_free(fake.base);
	return 0;
}

static void turn(void)
{
	event_base_loop(fake.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* Lets the loop turn until `*count` is `wanted`; the deadline is for a machine that is busy otherwise. */
static void turn_until(const unsigned *count, unsigned wanted)
{
	uint64_t deadline = clock_ms() + 20000;

	while (*count < wanted && clock_ms() < deadline)
		event_base_loop(fake.base, EVLOOP_ONCE);
	assert_int_equal(*count, wanted);
}

static void test_ends_within_start(void **state)
{
	(void)state;
	fake.at_once = true;
	make(1, &cheap);
	assert_int_equal(fake.starts, 0);
	targets[0].delay_ms = 0;
	turn_until(&targets[0].ends, 1);
	targets[0].delay_ms = 3600000;
	turn_until(&targets[0].ends, targets[0].ends + 1);
	turn();
	assert_int_equal(targets[0].starts, targets[0].ends);
	assert_int_equal(targets[0].last.verdict, VERDICT_PASS);
	assert_string_equal(targets[0].last.detail, "");
	assert_int_equal(fake.cancels, 0);
	end(1);
	assert_int_equal(fake.cancels, 0);
}

/* More than start in a turn, and than may be under way at a time; then only the next ones are waited for. */
static void test_many_end_within_start(void **state)
{
	const unsigned many = 3 * QUEUE_STARTS_A_TURN;
	int idle = event_base_get_num_events(fake.base, EVENT_BASE_COUNT_ADDED);

	(void)state;
	fake.at_once = true;
	make(many, &cheap);
	turn_until(&fake.starts, many);
	turn();
	assert_int_equal(fake.most_running, 1);
	assert_int_equal(event_base_get_num_events(fake.base, EVENT_BASE_COUNT_ADDED), idle + 1);
	end(many);
}

/* A turn that takes long makes the loop late, though nothing is under way before it and after it. */
static void test_late_within_a_turn(void **state)
{
	(void)state;
	fake.at_once = true;
	fake.start_us = 60000;
	make(1, &cheap);
	turn_until(&fake.starts, 1);
	turn();
	assert_in_range(tally()->late.sum_us, 35000, 60000000);
	end(1);
}

static void test_words_are_cleaned_and_cut(void **state)
{
	char words[400];

	(void)state;
	memset(words, '\n', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	fake.words = words;
	fake.at_once = true;
	make(1, &cheap);
	turn_until(&targets[0].ends, 1);
	assert_int_equal(strlen(targets[0].last.detail), 200);
	assert_int_equal(strspn(targets[0].last.detail, "?"), 200);
	end(1);
}

/* The machine may be so busy that our own loop is late: then the verdict is none, and the words still say what happened. */
/* What counts of connect_timeout and timeout is what the attempt is in. False when it was late for both. */
static bool run_connect_deadline(void)
{
	bool apart;

	fake.starts = 0;
	make(2, &cheap);
	turn_until(&fake.starts, 2);
	probe_peer_answered(targets[1].probe);
	turn_until(&targets[0].ends, 1);
	apart = targets[1].ends == 0 && targets[0].last.elapsed_us < 190000;
	assert_non_null(strstr(targets[0].last.detail, "timed out in waiting after 20ms"));
	assert_true(targets[0].last.elapsed_us >= 20000);
	turn_until(&targets[1].ends, 1);
	assert_non_null(strstr(targets[1].last.detail, "timed out in waiting after 200ms"));
	assert_true(targets[1].last.elapsed_us >= 200000);
	end(2);
	return apart;
}

static void test_connect_deadline(void **state)
{
	int tries = 100;

	(void)state;
	check.timeout = 200;
	check.connect_timeout = 20;
	while (!run_connect_deadline() && tries > 0)
		tries--;
	assert_true(tries > 0);
}

/* Noted in one attempt, it is not the next one's. */
static void test_expiry(void **state)
{
	(void)state;
	make(1, &cheap);
	targets[0].delay_ms = 0;
	turn_until(&fake.starts, 1);
	probe_set_expiry(targets[0].probe, 77);
	fake_finish(&targets[0], VERDICT_FAIL);
	assert_int_equal(targets[0].last.expires, 77);
	turn_until(&fake.starts, 2);
	fake_finish(&targets[0], VERDICT_PASS);
	assert_int_equal(targets[0].last.expires, 0);
	end(1);
}

static void test_deadline(void **state)
{
	(void)state;
	check.timeout = 20;
	make(1, &cheap);
	turn_until(&targets[0].ends, 1);
	assert_int_not_equal(targets[0].last.verdict, VERDICT_PASS);
	assert_non_null(strstr(targets[0].last.detail, "timed out in waiting after 20ms"));
	assert_true(targets[0].last.elapsed_us >= 20000);
	assert_int_equal(fake.cancels, 1);
	end(1);
	assert_int_equal(fake.cancels, 1);
}

struct path_case {
	const char *name;
	const struct probe_kind *kind;
	enum verdict verdict;
	int path; /* as said to probe_finish_path(); -1: by probe_finish(); -2: by the deadline */
	bool answered;
	enum probe_path expected;
	bool proven;
};

static const struct path_case paths[] = {
	{ "a pass", &cheap, VERDICT_PASS, -1, false, PATH_PROVEN, true },
	{ "a refusal", &cheap, VERDICT_FAIL, -1, false, PATH_PROVEN, true },
	{ "an own fault", &cheap, VERDICT_NONE, -1, false, PATH_UNKNOWN, false },
	{ "an own fault that looks silent", &cheap, VERDICT_NONE, PATH_SILENT, false, PATH_UNKNOWN,
	  false },
	{ "an own fault after an answer", &cheap, VERDICT_NONE, -1, true, PATH_UNKNOWN, true },
	{ "no route", &cheap, VERDICT_FAIL, PATH_SILENT, false, PATH_SILENT, false },
	{ "no such family here", &cheap, VERDICT_FAIL, PATH_UNKNOWN, false, PATH_UNKNOWN, false },
	{ "the deadline", &cheap, VERDICT_FAIL, -2, false, PATH_SILENT, false },
	{ "the deadline after an answer", &cheap, VERDICT_FAIL, -2, true, PATH_SILENT, true },
	{ "a program passes", &off_network, VERDICT_PASS, -1, false, PATH_UNKNOWN, false },
	{ "a program fails", &off_network, VERDICT_FAIL, -1, false, PATH_UNKNOWN, false },
	{ "a program's deadline", &off_network, VERDICT_FAIL, -2, false, PATH_UNKNOWN, false },
};

/* Runs the case once. False when the loop was late, so that a failure is none. */
static bool run_path(const struct path_case *row)
{
	struct target *target = &targets[0];

	fake.starts = 0;
	check.timeout = row->path == -2 ? 20 : 60000;
	make(1, row->kind);
	turn_until(&fake.starts, 1);
	if (row->answered)
		probe_peer_answered(target->probe);
	if (row->path == -1)
		fake_finish(target, row->verdict);
	else if (row->path >= 0)
		fake_finish_path(target, row->verdict, (enum probe_path)row->path);
	turn_until(&target->ends, 1);
	end(1);
	if (target->last.verdict != row->verdict)
		return false;
	if (target->last.path != row->expected || !target->last.proven_us == row->proven)
		fail_msg("%s: path %d, proven at %llu", row->name, (int)target->last.path,
		         (unsigned long long)target->last.proven_us);
	return true;
}

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		int tries = 100;

		while (!run_path(&paths[i]) && tries > 0)
			tries--;
		assert_true(tries > 0);
	}
}

static void test_in_flight_max(void **state)
{
	(void)state;
	make(5, &cheap);
	turn_until(&fake.starts, 2);
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(fake.starts, 2);
	/* In the order in which they came; whatever ends makes room, freed ones too. */
	assert_true(targets[0].running && targets[1].running);
	fake_finish(&targets[0], VERDICT_FAIL);
	turn_until(&fake.starts, 3);
	assert_true(targets[2].running);
	probe_free(targets[3].probe);
	probe_free(targets[1].probe);
	turn_until(&fake.starts, 4);
	assert_true(targets[4].running);
	assert_int_equal(fake.most_running, 2);
	targets[1].probe = targets[3].probe = NULL;
	end(5);
	assert_int_equal(fake.running, 0);
	assert_int_equal(fake.cancels, 3);
}

/* A probe that hangs never overlaps itself, however short its interval, and holds up nobody. */
static void test_slow_target(void **state)
{
	(void)state;
	check.interval = 1;
	make(2, &cheap);
	targets[0].delay_ms = targets[1].delay_ms = 1;
	for (unsigned i = 0; i < 20; i++) {
		turn_until(&targets[1].starts, i + 1);
		fake_finish(&targets[1], VERDICT_PASS);
	}
	assert_int_equal(targets[0].starts, 1);
	assert_true(targets[0].running);
	assert_int_equal(targets[1].ends, 20);
	probe_now(targets[0].probe);
	turn();
	assert_int_equal(targets[0].starts, 1);
	end(2);
}

/* Programs that hang leave room for each other up to their bound, and for the rest always. */
static void test_programs_max(void **state)
{
	const unsigned max = PROBE_PROGRAMS_MAX;
	struct address address = ipv4(0x7f000100);
	uint64_t until;

	(void)state;
	make(max + 10, &program);
	for (size_t i = 0; i < max + 10; i++)
		probe_now(targets[i].probe);
	turn_until(&fake.starts, max);
	make_one(max + 10, &cheap, address);
	probe_now(targets[max + 10].probe);
	turn_until(&fake.starts, max + 1);
	assert_true(targets[max + 10].running);
	for (until = clock_ms() + 30; clock_ms() < until;)
		turn();
	assert_int_equal(fake.starts, max + 1);
	fake_finish(&targets[0], VERDICT_PASS);
	turn_until(&fake.starts, max + 2);
	probe_free(targets[1].probe);
	targets[1].probe = NULL;
	turn_until(&fake.starts, max + 3);
	end(max + 11);
}

/* Where there are few descriptors, half of the attempts at the most. */
static void test_programs_are_half(void **state)
{
	struct address address = ipv4(0x7f000100);

	(void)state;
	make(2, &program);
	make_one(2, &cheap, address);
	turn_until(&fake.starts, 2);
	assert_true(targets[0].running && targets[2].running);
	end(3);
}

static void starts_a_turn(const struct probe_kind *kind, unsigned most)
{
	uint64_t deadline = clock_ms() + 20000;

	make(COUNT(targets), kind);
	for (size_t i = 0; i < COUNT(targets); i++)
		probe_now(targets[i].probe);
	while (fake.starts < COUNT(targets) && clock_ms() < deadline) {
		unsigned before = fake.starts;

		event_base_loop(fake.base, EVLOOP_ONCE);
		assert_true(fake.starts - before <= most);
	}
	assert_int_equal(fake.starts, COUNT(targets));
	end(COUNT(targets));
}

static void test_starts_a_turn(void **state)
{
	(void)state;
	starts_a_turn(&cheap, QUEUE_STARTS_A_TURN);
}

static void test_expensive_starts_a_turn(void **state)
{
	(void)state;
	starts_a_turn(&expensive, 8);
}

/* What is expensive waits for its window; what is not passes by. */
static void test_expensive_delay_nobody(void **state)
{
	(void)state;
	make(20, &expensive);
	struct address address = ipv4(0x7f000100);
	make_one(20, &cheap, address);
	turn_until(&targets[20].starts, 1);
	assert_true(fake.starts <= 9);
	turn_until(&fake.starts, 21);
	end(21);
}

/* The others are due within 2 s, by their hash: the last of them not before its time. */
static void test_only_the_first_start_at_once(void **state)
{
	uint64_t begun_us = clock_us(), longest_us = 0;

	(void)state;
	make(70, &cheap);
	for (size_t i = 64; i < 70; i++) {
		const struct address *address = probe_address(targets[i].probe);
		uint32_t hash = probe_schedule_hash(&check, address, "");
		uint64_t first_us = probe_schedule_first_us(hash, i, check.interval);

		longest_us = first_us > longest_us ? first_us : longest_us;
	}
	turn_until(&fake.starts, 64);
	for (size_t i = 0; i < 64; i++)
		assert_true(targets[i].running);
	for (int i = 0; i < 3; i++)
		turn();
	assert_true(fake.starts < 70 || clock_us() + COARSE_US - begun_us >= longest_us);
	turn_until(&fake.starts, 70);
	assert_true(clock_us() + COARSE_US - begun_us >= longest_us);
	end(70);
}

/* One at a time, so that the order shows. */
static void test_order_over_both_queues(void **state)
{
	struct address address = ipv4(0x7f000001);

	(void)state;
	for (size_t i = 0; i < 4; i++)
		make_one(i, i % 2 ? &expensive : &cheap, address);
	for (size_t i = 0; i < 4; i++) {
		targets[i].delay_ms = 3600000;
		turn_until(&fake.starts, (unsigned)i + 1);
		assert_true(targets[i].running);
		fake_finish(&targets[i], VERDICT_PASS);
	}
	end(4);
}

static void test_now(void **state)
{
	(void)state;
	fake.at_once = true;
	make(1, &cheap);
	turn_until(&targets[0].ends, 1);
	probe_now(targets[0].probe);
	probe_now(targets[0].probe);
	turn_until(&targets[0].ends, 2);
	turn();
	assert_int_equal(targets[0].ends, 2);
	fake.at_once = false;
	probe_now(targets[0].probe);
	turn_until(&targets[0].starts, 3);
	probe_now(targets[0].probe);
	turn();
	fake_finish(&targets[0], VERDICT_PASS);
	turn();
	assert_int_equal(targets[0].starts, 3);
	end(1);
}

/* One that is under way does not count: the number that is returned is that of the one after it. */
static void test_afresh(void **state)
{
	(void)state;
	fake.at_once = true;
	make(1, &cheap);
	turn_until(&targets[0].ends, 1);
	assert_int_equal(probe_count(targets[0].probe), 1);
	assert_int_equal(probe_afresh(targets[0].probe), 2);
	assert_int_equal(probe_afresh(targets[0].probe), 2);
	turn_until(&targets[0].ends, 2);
	assert_int_equal(probe_count(targets[0].probe), 2);
	fake.at_once = false;
	targets[0].delay_ms = 3600000;
	probe_now(targets[0].probe);
	turn_until(&targets[0].starts, 3);
	assert_int_equal(probe_count(targets[0].probe), 2);
	assert_int_equal(probe_afresh(targets[0].probe), 4);
	fake_finish(&targets[0], VERDICT_PASS);
	assert_int_equal(probe_count(targets[0].probe), 3);
	turn_until(&targets[0].starts, 4);
	fake_finish(&targets[0], VERDICT_PASS);
	assert_int_equal(probe_count(targets[0].probe), 4);
	turn();
	assert_int_equal(targets[0].starts, 4);
	end(1);
}

/* A loop that stands still, as after SIGSTOP; the deadline is the first thing that runs. */
static void test_late_deadline_is_none(void **state)
{
	(void)state;
	check.timeout = 100;
	make(1, &cheap);
	turn_until(&fake.starts, 1);
	usleep(300000);
	turn_until(&targets[0].ends, 1);
	assert_int_equal(targets[0].last.verdict, VERDICT_NONE);
	assert_non_null(strstr(targets[0].last.detail, "our own loop was late by"));
	assert_non_null(strstr(targets[0].last.detail, "timed out in waiting after 100ms"));
	assert_int_equal(tally()->ended[CHECK_TCP][WHY_LATE], 1);
	assert_int_equal(tally()->ended[CHECK_TCP][WHY_TIMEOUT], 0);
	/* Its tick has not run, and never will. */
	assert_in_range(tally()->late.sum_us, 200000, 60000000);
	end(1);
}

/* The same, but a socket is the first, before any timer: the peer may have given up on us. */
static void test_late_failure_is_none(void **state)
{
	(void)state;
	fake.words = "connection reset";
	make(2, &cheap);
	turn_until(&fake.starts, 2);
	usleep(1100000);
	fake_finish(&targets[0], VERDICT_FAIL);
	fake_finish(&targets[1], VERDICT_PASS);
	assert_int_equal(targets[0].last.verdict, VERDICT_NONE);
	assert_non_null(strstr(targets[0].last.detail, ": connection reset"));
	assert_int_equal(targets[1].last.verdict, VERDICT_PASS);
	end(2);
}

static uint64_t total(const uint64_t *counts, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += counts[i];
	return sum;
}

/* Each attempt once, by its check's type and its reason; how long it took only with a verdict. */
static void test_tally(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_PASS, VERDICT_FAIL, VERDICT_NONE,
		                                 VERDICT_PASS };

	(void)state;
	make(COUNT(verdicts) + 1, &cheap);
	turn_until(&fake.starts, COUNT(verdicts) + 1);
	for (size_t i = 0; i < COUNT(verdicts); i++)
		fake_finish(&targets[i], verdicts[i]);
	assert_int_equal(tally()->ended[CHECK_TCP][WHY_PASS], 2);
	assert_int_equal(tally()->ended[CHECK_TCP][WHY_REFUSED], 1);
	assert_int_equal(tally()->ended[CHECK_TCP][WHY_OWN_FAULT], 1);
	assert_int_equal(total(tally()->ended[0], CHECK_TYPES * (size_t)WHYS), COUNT(verdicts));
	assert_int_equal(total(tally()->took[CHECK_TCP].counts, HISTOGRAM_BOUNDS + 1), 3);
	end(COUNT(verdicts) + 1);
}

/* What metrics call them: words that need no quoting, each its own. */
static void test_reasons_have_words(void **state)
{
	(void)state;
	for (enum probe_why why = 0; why < WHYS; why++) {
		const char *word = probe_why_word(why);

		assert_int_equal(word[strspn(word, "abcdefghijklmnopqrstuvwxyz_")], '\0');
		for (enum probe_why other = 0; other < why; other++)
			assert_string_not_equal(word, probe_why_word(other));
	}
	assert_int_equal(probe_why_verdict(WHY_PASS), VERDICT_PASS);
	assert_int_equal(probe_why_verdict(WHY_OTHER), VERDICT_FAIL);
	assert_int_equal(probe_why_verdict(WHY_LATE), VERDICT_NONE);
}

static void test_rebound(void **state)
{
	struct check other = plain_check;

	(void)state;
	make(1, &cheap);
	targets[0].subject.check = &other;
	targets[0].subject.asker = (struct probe_asker){ "elsewhere", "id" };
	assert_ptr_equal(probe_check(targets[0].probe), &other);
	assert_string_equal(probe_host(targets[0].probe), "elsewhere");
	assert_string_equal(probe_endpoint(targets[0].probe), "id");
	assert_ptr_equal(probe_kind_of(targets[0].probe), &cheap);
	assert_ptr_equal(probe_base(targets[0].probe), fake.base);
	end(1);
}

static int setup_one(void **state)
{
	(void)state;
	return begin(1);
}

static int setup_two(void **state)
{
	(void)state;
	return begin(2);
}

#define probe_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_differs),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_next_is_within_jitter),
		cmocka_unit_test(test_next_is_on_the_grid),
		cmocka_unit_test(test_next_is_spread),
		cmocka_unit_test(test_next_is_never_past),
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_tolerance),
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_lag_on_time),
		cmocka_unit_test(test_lag_stall),
		cmocka_unit_test(test_lag_before_the_tick),
		cmocka_unit_test(test_lag_suspension),
		cmocka_unit_test(test_lag_clock_noise),
		cmocka_unit_test(test_lag_many_stalls),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_body_over_borders),
		cmocka_unit_test(test_body_byte_by_byte),
		cmocka_unit_test(test_body_ends_the_transfer),
		cmocka_unit_test(test_body_codings),
		cmocka_unit_test(test_route_kind),
		cmocka_unit_test(test_route_worked),
		probe_test(test_ends_within_start),
		cmocka_unit_test_setup_teardown(test_many_end_within_start, setup_one, teardown),
		probe_test(test_late_within_a_turn),
		probe_test(test_words_are_cleaned_and_cut),
		probe_test(test_deadline),
		probe_test(test_connect_deadline),
		probe_test(test_expiry),
		cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tally, setup, teardown),
		cmocka_unit_test(test_reasons_have_words),
		cmocka_unit_test_setup_teardown(test_in_flight_max, setup_two, teardown),
		probe_test(test_slow_target),
		probe_test(test_programs_max),
		cmocka_unit_test_setup_teardown(test_programs_are_half, setup_two, teardown),
		probe_test(test_starts_a_turn),
		probe_test(test_expensive_starts_a_turn),
		probe_test(test_expensive_delay_nobody),
		probe_test(test_only_the_first_start_at_once),
		cmocka_unit_test_setup_teardown(test_order_over_both_queues, setup_one, teardown),
		probe_test(test_now),
		probe_test(test_afresh),
		probe_test(test_late_deadline_is_none),
		probe_test(test_late_failure_is_none),
		probe_test(test_rebound),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
