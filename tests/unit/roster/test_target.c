/* Targets: who shares one with whom, and what calculated and disabled ones are. No network: nothing in the loop is run. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/probe/kind/connect.h"
#include "daemon/roster/target.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct world {
	struct event_base *base;
	struct prober *prober;
	const struct probe_kind *kinds[CHECK_TYPES];
	struct host_fault *host_fault;
	struct targets targets;
	struct address address;
} world;

static uint32_t verdict(void *arg, struct target *target, const struct probe_result *result)
{
	(void)arg;
	(void)target;
	(void)result;
	return 1000;
}

static int setup(void **state)
{
	(void)state;
	world = (struct world){ .base = event_base_new() };
	world.prober = prober_new(world.base, 16);
	for (size_t i = 0; i < CHECK_TYPES; i++)
		world.kinds[i] = i == CHECK_CALCULATED ? NULL : &probe_tcp;
	world.host_fault = host_fault_new(world.base, &(struct host_fault_user){ 0 });
	targets_init(&world.targets, world.prober, world.kinds, world.host_fault, verdict, NULL);
	address_parse("192.0.2.1", &world.address);
	return 0;
}

/* That no target is left with a user or parent is targets_free()'s own assertion. */
static int teardown(void **state)
{
	(void)state;
	targets_free(&world.targets);
	host_fault_free(world.host_fault);
	prober_free(world.prober);
	event_base_free(world.base);
	return 0;
}

static struct target *get(const struct check *check, const char *record, const char *endpoint)
{
	bool made;

	return targets_get(&world.targets, check, (struct probe_asker){ record, endpoint },
	                   &world.address, &made);
}

static const struct check tcp = { .name = "tcp", .type = CHECK_TCP, .key = "tcp" };
static const struct check same = { .name = "same", .type = CHECK_TCP, .key = "tcp" };
static const struct check http = {
	.name = "http", .type = CHECK_HTTP, .per_record = true, .key = "http"
};
static const struct check named = {
	.name = "named", .type = CHECK_HTTP, .host = "h.example", .key = "named"
};
static const struct check program = {
	.name = "program", .type = CHECK_EXEC, .per_endpoint = true, .key = "program"
};
static const struct check off = {
	.name = "off", .type = CHECK_TCP, .disabled = true, .key = "off"
};
static const struct check dead = {
	.name = "dead", .type = CHECK_TCP, .disabled = true, .invert = true, .key = "dead"
};

/* The same check at the same address is one target for everyone, as far as it does not depend on who asks. */
static void sharing(void **state)
{
	static const struct {
		const struct check *one, *other;
		const char *record, *endpoint; /* of the other; the one is asked by a.example, x */
		bool shared;
	} cases[] = {
		{ &tcp, &tcp, "a.example", "x", true },
		{ &tcp, &same, "b.example", "y", true },
		{ &http, &http, "a.example", "y", true },
		{ &http, &http, "A.Example", "y", true },
		{ &http, &http, "b.example", "x", false },
		{ &named, &named, "b.example", "y", true },
		{ &program, &program, "b.example", "x", true },
		{ &program, &program, "a.example", "y", false },
		{ &tcp, &http, "a.example", "x", false },
	};
	struct address elsewhere;
	bool made;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(get(cases[i].one, "a.example", "x") ==
		                         get(cases[i].other, cases[i].record, cases[i].endpoint),
		                 cases[i].shared);
	address_parse("192.0.2.2", &elsewhere);
	assert_ptr_not_equal(get(&tcp, "a.example", "x"),
	                     targets_get(&world.targets, &tcp,
	                                 (struct probe_asker){ "a.example", "x" }, &elsewhere,
	                                 &made));
	assert_true(made);
}

/* As if the names of two records made one key: they are two targets all the same. */
static void one_key(void **state)
{
	const uint64_t key = get(&http, "b.example", "x")->key;
	struct targets *targets = &world.targets;
	struct target *one, *other;

	(void)state;
	targets_sweep(targets);
	one = get(&http, "a.example", "x");
	assert_int_equal(targets->count, 1);
	targets->buckets[one->key & (targets->bucket_count - 1)] = NULL;
	targets->buckets[key & (targets->bucket_count - 1)] = one;
	one->key = key;
	other = get(&http, "b.example", "x");
	assert_ptr_not_equal(other, one);
	assert_true(other->key == key);
	assert_ptr_equal(get(&http, "b.example", "x"), other);
	assert_int_equal(targets->count, 2);
}

static void disabled(void **state)
{
	struct target *up = get(&off, "a", "x"), *down = get(&dead, "a", "x");

	(void)state;
	assert_null(up->probe);
	assert_int_equal(up->health.state, HEALTH_UP);
	assert_string_equal(up->error, "");
	assert_int_equal(down->health.state, HEALTH_DOWN);
	assert_string_equal(down->error, "the check is disabled and inverted");
	assert_int_equal(world.targets.awaited, 0);
	target_assume_up(down);
	assert_int_equal(down->health.state, HEALTH_DOWN);
	assert_int_equal(target_ask(down), 0);
}

/* Until the first verdict, and while the last one contradicts the health. */
static void in_doubt(void **state)
{
	static const struct check *const of[] = { &tcp, &off };
	static const struct check sum = { .name = "sum",
		                          .type = CHECK_CALCULATED,
		                          .of = of,
		                          .of_count = 2,
		                          .at_least = 1,
		                          .key = "sum" };
	struct target *target = get(&tcp, "a", "x"), *parent = get(&sum, "a", "x");

	(void)state;
	assert_false(target_in_doubt(get(&off, "a", "x")));
	assert_true(target->in_doubt);
	assert_true(target_in_doubt(target));
	assert_true(target_in_doubt(parent));
	target->health.state = HEALTH_UP;
	assert_false(target_in_doubt(target));
	assert_false(target_in_doubt(parent));
	target->health.against = 1;
	assert_true(target_in_doubt(target));
	assert_true(target_in_doubt(parent));
	target->health.against = 0;
	target->site.isolation.held = 1;
	assert_true(target_in_doubt(parent));
	target->site.isolation.held = 0;
	target->health.state = HEALTH_DOWN;
	assert_false(target_in_doubt(parent));
}

static const struct check *const both[] = { &tcp, &http };

/* Children: each 'U'p, 'D'own (connection refused) or '?'. */
static void calculated(void **state)
{
	static const struct {
		const char *children;
		uint32_t at_least;
		bool invert;
		enum health_state state;
		const char *error;
	} cases[] = {
		{ "UU", 2, false, HEALTH_UP, "" },
		{ "UD", 2, false, HEALTH_DOWN, "1 of 2 checks up: http: connection refused" },
		{ "DD", 2, false, HEALTH_DOWN, "0 of 2 checks up: tcp: connection refused" },
		{ "U?", 2, false, HEALTH_UNKNOWN, "1 of 2 checks up: http: no verdict yet" },
		{ "?D", 2, false, HEALTH_DOWN, "0 of 2 checks up: tcp: no verdict yet" },
		{ "UD", 1, false, HEALTH_UP, "" },
		{ "DD", 0, false, HEALTH_UP, "" },
		{ "UU", 3, false, HEALTH_DOWN, "2 of 2 checks up, 3 needed" },
		{ "UU", 2, true, HEALTH_DOWN, "2 of 2 checks up, and inverted" },
		{ "UD", 2, true, HEALTH_UP, "" },
		{ "U?", 2, true, HEALTH_UNKNOWN, "1 of 2 checks up, and inverted" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct check check = { .name = "all",
			                     .type = CHECK_CALCULATED,
			                     .of = both,
			                     .of_count = 2,
			                     .at_least = cases[i].at_least,
			                     .invert = cases[i].invert,
			                     .per_record = true,
			                     .key = "all" };
		struct target *target = get(&check, "a.example", "x");

		assert_null(target->probe);
		for (size_t k = 0; k < 2; k++) {
			struct target *child = target->children[k].target;

			assert_ptr_equal(child, get(both[k], "a.example", "y"));
			child->health.state = cases[i].children[k] == 'U'   ? HEALTH_UP
			                      : cases[i].children[k] == 'D' ? HEALTH_DOWN
			                                                    : HEALTH_UNKNOWN;
			target_explain(child, child->health.state == HEALTH_DOWN
			                              ? "connection refused"
			                              : "");
		}
		target_calculate(target);
		assert_false(target_calculate(target));
		assert_int_equal(target->health.state, cases[i].state);
		assert_string_equal(target->error, cases[i].error);
		targets_sweep(&world.targets);
		assert_int_equal(world.targets.count, 0);
	}
}

/* One of its own kind, whose children are shared with everybody; freed from the top. */
static void nested(void **state)
{
	static const struct check inner = { .name = "inner",
		                            .type = CHECK_CALCULATED,
		                            .of = both,
		                            .of_count = 2,
		                            .at_least = 1,
		                            .per_record = true,
		                            .key = "inner" };
	static const struct check *const of[] = { &inner, &same, &off };
	static const struct check outer = { .name = "outer",
		                            .type = CHECK_CALCULATED,
		                            .of = of,
		                            .of_count = 3,
		                            .at_least = 3,
		                            .per_record = true,
		                            .key = "outer" };
	struct target *target = get(&outer, "a.example", "x");
	struct target *leaf = get(&tcp, "b.example", "y");

	(void)state;
	assert_int_equal(world.targets.count, 5);
	assert_int_equal(world.targets.awaited, 2);
	assert_ptr_equal(target->children[1].target, leaf);
	assert_ptr_equal(target->children[0].target->children[0].target, leaf);
	assert_int_equal(target->health.state, HEALTH_UNKNOWN);
	assert_string_equal(target->error, "1 of 3 checks up: inner: no verdict yet");
	targets_sweep(&world.targets);
	assert_int_equal(world.targets.count, 0);
	assert_int_equal(world.targets.awaited, 0);
}

/* A new check on what is up begins with up; what a child knows already it keeps. */
static void inheriting(void **state)
{
	static const struct check all = { .name = "all",
		                          .type = CHECK_CALCULATED,
		                          .of = both,
		                          .of_count = 2,
		                          .at_least = 2,
		                          .per_record = true,
		                          .key = "all" };
	struct target *child = get(&tcp, "a.example", "x"), *target;

	(void)state;
	target = get(&all, "a.example", "x");
	target_assume_up(target);
	assert_int_equal(target->health.state, HEALTH_UP);
	assert_int_equal(child->health.state, HEALTH_UP);
	assert_int_equal(world.targets.awaited, 0);
	targets_sweep(&world.targets);

	child = get(&tcp, "a.example", "x");
	child->health.state = HEALTH_DOWN;
	target = get(&all, "a.example", "x");
	assert_int_equal(target->health.state, HEALTH_DOWN);
	target_assume_up(target);
	assert_int_equal(target->health.state, HEALTH_DOWN);
	assert_int_equal(target->children[1].target->health.state, HEALTH_UNKNOWN);
}

/* After a reload nothing points into the configuration before, in children neither. */
static void rebinding(void **state)
{
	const struct check tcp2 = tcp, http2 = http;
	const struct check *const both2[] = { &tcp2, &http2 };
	const struct check before = { .name = "all",
		                      .type = CHECK_CALCULATED,
		                      .of = both,
		                      .of_count = 2,
		                      .at_least = 2,
		                      .per_record = true,
		                      .key = "all" };
	struct check after = before;
	char record[] = "a.example";
	struct target *target = get(&before, "a.example", "x");

	(void)state;
	after.of = both2;
	assert_ptr_equal(get(&after, record, "x"), target);
	assert_ptr_equal(target->subject.check, &after);
	assert_ptr_equal(target->children[0].target->subject.check, &tcp2);
	assert_ptr_equal(target->children[1].target->subject.check, &http2);
	assert_ptr_equal(probe_check(target->children[1].target->probe), &http2);
	assert_ptr_equal(probe_host(target->children[1].target->probe), record);
	assert_int_equal(world.targets.count, 3);
	targets_sweep(&world.targets);
}

/* What is explained is a copy, and nothing is left of one when there is nothing to explain. */
static void explained(void **state)
{
	struct target *target = get(&tcp, "a", "x");
	char text[] = "connection refused";

	(void)state;
	assert_string_equal(target->error, "");
	target_explain(target, text);
	text[0] = '-';
	assert_string_equal(target->error, "connection refused");
	target_explain(target, target->error);
	assert_string_equal(target->error, "connection refused");
	target_explain(target, "timed out");
	assert_string_equal(target->error, "timed out");
	target_explain(target, "");
	assert_string_equal(target->error, "");
	target_explain(target, text); /* freed with the target */
}

#define target_test(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		target_test(sharing),    target_test(one_key),    target_test(disabled),
		target_test(in_doubt),   target_test(calculated), target_test(nested),
		target_test(inheriting), target_test(rebinding),  target_test(explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
