/* The roster across a reload: what is carried over, and what of it is told. No network: nothing in the loop is run. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config/load.h"
#include "daemon/probe/kind/connect.h"
#include "daemon/roster/roster.h"
#include "tests/support/unit.h"

#define CHECK "check = { type = \"tcp\"; port = 9; };"

struct world {
	struct event_base *base;
	struct prober *prober;
	struct resolver *resolver;
	const struct probe_kind *kinds[CHECK_TYPES];
	struct host_fault *host_fault;
	struct targets targets;
	struct config *config[2]; /* before and after the reload */
	struct roster *roster[2];
};

static uint32_t verdict(void *arg, struct target *target, const struct probe_result *result)
{
	(void)arg;
	(void)target;
	(void)result;
	return 1000;
}

static void changed(void *arg, struct record *record)
{
	(void)arg;
	(void)record;
}

static struct config *read_config(const char *records)
{
	char path[] = "/tmp/shunt-roster-XXXXXX", error[CONFIG_ERROR_MAX] = "";
	int fd = mkstemp(path);
	struct config *config;

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "records: ( %s );\n", records) > 0);
	close(fd);
	config = config_load(path, error);
	unlink(path);
	if (!config)
		fail_msg("%s", error);
	return config;
}

static void load(struct world *world, int which, const char *records)
{
	world->config[which] = read_config(records);
	world->roster[which] = roster_build(
	        world->config[which], which ? world->roster[0] : NULL,
	        &(struct endpoint_parts){ &world->targets, world->resolver, changed, NULL });
}

static int setup(void **state)
{
	struct resolver_address nowhere = { .port = 1 };
	struct world *world = calloc(1, sizeof(*world));

	address_parse("127.0.0.1", &nowhere.address);
	world->base = event_base_new();
	world->prober = prober_new(world->base, 16);
	world->resolver = resolve_new(world->base, &nowhere, 1);
	world->kinds[CHECK_TCP] = &probe_tcp;
	world->host_fault = host_fault_new(world->base, &(struct host_fault_user){ 0 });
	targets_init(&world->targets, world->prober, world->kinds, world->host_fault, verdict,
	             world);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 2; i++) {
		if (world->roster[i])
			roster_free(world->roster[i]);
		if (world->config[i])
			config_free(world->config[i]);
	}
	targets_free(&world->targets);
	host_fault_free(world->host_fault);
	resolve_free(world->resolver);
	prober_free(world->prober);
	event_base_free(world->base);
	free(world);
	return 0;
}

/* One record named "a" in each; what answered before is an endpoint's index. */
struct reload {
	const char *before, *after;
	int answered, endpoint;
	int answers; /* what the new record begins with */
	const char *gone;
	int previous;
};

#define RECORD(endpoints) "{ name = \"a.example.com\"; " endpoints " }"
#define P(address) "primary: { address = \"" address "\"; " CHECK " };"
#define S(address) "secondary: { address = \"" address "\"; " CHECK " };"
#define X(address) "secondary: { id = \"x\"; address = \"" address "\"; " CHECK " };"
#define ONE P("192.0.2.1")
#define TWO ONE S("192.0.2.2")

static const struct reload reloads[] = {
	{ RECORD(TWO), RECORD(TWO), 1, 1, 1, NULL, 0 },
	{ RECORD(TWO), RECORD(TWO "failback = \"manual\";"), 1, 1, 1, NULL, 0 },
	{ RECORD(TWO), RECORD(ONE), 1, 1, 0, "secondary", -1 },
	{ RECORD(TWO), RECORD(ONE), 0, 0, 0, NULL, -1 },
	{ RECORD(ONE), RECORD(TWO), 0, 0, 0, NULL, -1 },
	{ RECORD(TWO), RECORD(ONE X("192.0.2.2")), 1, 1, 0, "secondary", -1 },
	/* The one that is only stood in for goes: who stands in goes on. */
	{ RECORD(ONE X("192.0.2.2")), RECORD("primary: { id = \"x\"; address = \"192.0.2.2\"; };"),
	  1, 0, 0, NULL, -1 },
	{ RECORD(TWO), RECORD(ONE), ELECTION_FAIL, 1, ELECTION_FAIL, NULL, -1 },
	/* Another address may have no verdict, and another name no address: not for the superseded table. */
	{ RECORD(TWO), RECORD(P("192.0.2.3") S("192.0.2.2")), 0, 0, 0, NULL, -1 },
	{ RECORD(P("n.test")), RECORD(P("N.test")), 0, 0, 0, NULL, 0 },
	{ RECORD(P("n.test")), RECORD(P("m.test")), 0, 0, 0, NULL, -1 },
	{ RECORD(P("n.test")), RECORD(ONE), 0, 0, 0, NULL, -1 },
};

/* Each row in a world of its own. */
static void test_reload(void **state)
{
	for (size_t i = 0; i < sizeof(reloads) / sizeof(reloads[0]); i++) {
		const struct reload *row = &reloads[i];
		struct world *world;
		struct record *record;

		setup(state);
		world = *state;
		load(world, 0, row->before);
		world->roster[0]->records[0].decided.election.answer = row->answered;
		world->roster[0]->records[0].decided.election.elected = row->answered;
		world->roster[0]->records[0].decided.election.endpoint = row->endpoint;
		load(world, 1, row->after);
		record = &world->roster[1]->records[0];
		if (record->decided.election.answer != row->answers ||
		    record->previous != row->previous)
			fail_msg("row %zu: answers %d, previous %d", i,
			         record->decided.election.answer, record->previous);
		assert_int_equal(!record->decided.gone, !row->gone);
		if (row->gone)
			assert_string_equal(record->decided.gone, row->gone);
		teardown(state);
	}
}

struct orders {
	int forced, answer, elected, endpoint;
};

/* What an operator forced stays by its id; underneath, the election goes on. */
static const struct {
	const char *before, *after;
	struct orders was, is;
	const char *gone;
} forced[] = {
	{ RECORD(TWO),
	  RECORD(P("192.0.2.3") S("192.0.2.2")),
	  { 1, 1, 0, 0 },
	  { 1, 1, 0, 0 },
	  NULL },
	{ RECORD(ONE X("192.0.2.2")),
	  RECORD(ONE "secondary: ( { address = \"192.0.2.9\"; }, { id = \"x\"; address = "
	             "\"192.0.2.2\"; } );"),
	  { 1, 1, 0, 0 },
	  { 2, 2, 0, 0 },
	  NULL },
	{ RECORD(TWO), RECORD(ONE), { 1, 1, 0, 0 }, { -1, 0, 0, 0 }, "secondary" },
	{ RECORD(TWO), RECORD(ONE), { 0, 0, 1, 1 }, { 0, 0, 0, 0 }, NULL },
	{ RECORD(TWO), RECORD(TWO), { 0, 0, ELECTION_FAIL, 1 }, { 0, 0, ELECTION_FAIL, 1 }, NULL },
};

static void test_forced(void **state)
{
	for (size_t i = 0; i < sizeof(forced) / sizeof(forced[0]); i++) {
		const struct orders *was = &forced[i].was;
		struct world *world;
		struct record *record;
		struct orders is;

		setup(state);
		world = *state;
		load(world, 0, forced[i].before);
		world->roster[0]->records[0].decided.election =
		        (struct election){ .forced = was->forced,
			                   .answer = was->answer,
			                   .elected = was->elected,
			                   .endpoint = was->endpoint };
		load(world, 1, forced[i].after);
		record = &world->roster[1]->records[0];
		is = (struct orders){ record->decided.election.forced,
			              record->decided.election.answer,
			              record->decided.election.elected,
			              record->decided.election.endpoint };
		if (memcmp(&is, &forced[i].is, sizeof(is)) != 0)
			fail_msg("row %zu: forced %d, answers %d, elected %d, endpoint %d", i,
			         is.forced, is.answer, is.elected, is.endpoint);
		assert_int_equal(!record->decided.gone, !forced[i].gone);
		if (forced[i].gone)
			assert_string_equal(record->decided.gone, forced[i].gone);
		teardown(state);
	}
}

#define AT(address, check) "primary: { address = \"" address "\"; " check " };"
#define PORT(port) "check = { type = \"tcp\"; port = " port "; };"
#define NEXT "secondary: { id = \"next\"; address = \"192.0.2.1\"; " PORT("10") " };"

/* The primary's health before and after. */
static const struct {
	const char *name, *before, *after;
	struct health was, is;
} inheritances[] = {
	{ "the same check keeps what it knows",
	  AT("192.0.2.1", PORT("9")),
	  AT("192.0.2.1", PORT("9")),
	  { HEALTH_DOWN, 1 },
	  { HEALTH_DOWN, 1 } },
	{ "so it does when it is up",
	  AT("192.0.2.1", PORT("9")),
	  AT("192.0.2.1", PORT("9")),
	  { HEALTH_UP, 2 },
	  { HEALTH_UP, 2 } },
	{ "and when it knows nothing",
	  AT("192.0.2.1", PORT("9")),
	  AT("192.0.2.1", PORT("9")),
	  { HEALTH_UNKNOWN, 0 },
	  { HEALTH_UNKNOWN, 0 } },
	{ "the same probe in other words",
	  AT("192.0.2.1", PORT("9")),
	  AT("192.0.2.1", "check = { type = \"tcp\"; port = 0x9; fall = 3; };"),
	  { HEALTH_DOWN, 1 },
	  { HEALTH_DOWN, 1 } },
	{ "the same check on another endpoint",
	  AT("192.0.2.1", PORT("9")),
	  "primary: { id = \"p\"; address = \"192.0.2.1\"; " PORT("9") " };",
	  { HEALTH_DOWN, 1 },
	  { HEALTH_DOWN, 1 } },
	{ "another check on what is up",
	  AT("192.0.2.1", PORT("9")),
	  AT("192.0.2.1", PORT("10")),
	  { HEALTH_UP, 2 },
	  { HEALTH_UP, 0 } },
	{ "another check on what is down",
	  AT("192.0.2.1", PORT("9")),
	  AT("192.0.2.1", PORT("10")),
	  { HEALTH_DOWN, 0 },
	  { HEALTH_UNKNOWN, 0 } },
	{ "another check on what has no verdict",
	  AT("192.0.2.1", PORT("9")),
	  AT("192.0.2.1", PORT("10")),
	  { HEALTH_UNKNOWN, 0 },
	  { HEALTH_UNKNOWN, 0 } },
	{ "another fall is another check",
	  AT("192.0.2.1", PORT("9")),
	  AT("192.0.2.1", "check = { type = \"tcp\"; port = 9; fall = 5; };"),
	  { HEALTH_UP, 1 },
	  { HEALTH_UP, 0 } },
	{ "another address",
	  AT("192.0.2.1", PORT("9")),
	  AT("192.0.2.2", PORT("9")),
	  { HEALTH_UP, 0 },
	  { HEALTH_UNKNOWN, 0 } },
	{ "a first check on what had none",
	  AT("192.0.2.1", ""),
	  AT("192.0.2.1", PORT("9")),
	  { HEALTH_UP, 0 },
	  { HEALTH_UP, 0 } },
	{ "a check that others have already",
	  AT("192.0.2.1", PORT("9")) NEXT,
	  AT("192.0.2.1", PORT("10")) NEXT,
	  { HEALTH_UP, 0 },
	  { HEALTH_UNKNOWN, 0 } },
};

static void load_endpoints(struct world *world, int which, const char *endpoints)
{
	char record[512];

	snprintf(record, sizeof(record), "{ name = \"a.example.com\"; %s }", endpoints);
	load(world, which, record);
}

static void test_inheritance(void **state)
{
	for (size_t i = 0; i < sizeof(inheritances) / sizeof(inheritances[0]); i++) {
		const struct member *member;
		struct world *world;

		setup(state);
		world = *state;
		load_endpoints(world, 0, inheritances[i].before);
		member = world->roster[0]->records[0].endpoints[0].members[0];
		if (member->target) {
			member->target->health = inheritances[i].was;
			if (member->target->health.state != HEALTH_UNKNOWN)
				target_arrived(member->target);
		}
		load_endpoints(world, 1, inheritances[i].after);
		member = world->roster[1]->records[0].endpoints[0].members[0];
		if (memcmp(&member->target->health, &inheritances[i].is, sizeof(struct health)) !=
		    0)
			fail_msg("%s: %s, %u against it", inheritances[i].name,
			         health_word(member->target->health.state),
			         member->target->health.against);
		/* What is known does not keep the table from settling. */
		assert_int_equal(member->target->awaited,
		                 member->target->health.state == HEALTH_UNKNOWN);
		teardown(state);
	}
}

/* As if DNS had named these two before, and now named nothing that may be taken. */
static void test_what_dns_no_longer_names(void **state)
{
	static const char record[] = RECORD(P("n.test"));
	static const char other[] = RECORD(P("m.test"));
	struct world *world = *state;
	const struct endpoint *endpoint;
	struct config *named;

	load(world, 0,
	     RECORD("primary: { addresses = [ \"192.0.2.1\", \"192.0.2.2\" ]; " CHECK " };"));
	named = world->config[0];
	world->config[0] = read_config(record);
	world->roster[0]->records[0].config = &world->config[0]->records[0];
	world->roster[0]->records[0].endpoints[0].record_name = world->config[0]->records[0].name;
	world->roster[0]->records[0].endpoints[0].config =
	        &world->config[0]->records[0].endpoints[0];
	load(world, 1, record);
	config_free(named);
	endpoint = &world->roster[1]->records[0].endpoints[0];
	assert_int_equal(endpoint->count, 2);
	assert_false(endpoint->members[0]->listed);
	endpoint_refresh(&world->roster[1]->records[0].endpoints[0], 1);
	assert_int_equal(endpoint->count, 2);
	roster_free(world->roster[1]);
	config_free(world->config[1]);
	load(world, 1, other);
	assert_int_equal(world->roster[1]->records[0].endpoints[0].count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_forced),
		cmocka_unit_test(test_inheritance),
		cmocka_unit_test_setup_teardown(test_what_dns_no_longer_names, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
