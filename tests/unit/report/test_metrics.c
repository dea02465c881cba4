/* What Prometheus reads, to the letter: the names are what people have alerts on. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/connection/watch.h"
#include "daemon/event/event.h"
#include "daemon/fleet/fleet.h"
#include "daemon/monitor/monitor.h"
#include "daemon/monitor/override.h"
#include "daemon/monitor/view.h"
#include "daemon/notify/notify.h"
#include "daemon/probe/tally.h"
#include "daemon/publish/clients.h"
#include "daemon/publish/reports.h"
#include "daemon/reload/reload.h"
#include "daemon/report/metrics.h"
#include "daemon/report/metrics_text.h"
#include "daemon/state/state.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- a monitor ---------------------------------------------------------------------------------- */

static size_t record_count;
static bool settled, isolated;
static uint64_t generation;
static struct histogram lateness;

size_t monitor_record_count(const struct monitor *monitor)
{
	(void)monitor;
	return record_count;
}

size_t monitor_override_count(const struct monitor *monitor)
{
	(void)monitor;
	return 1;
}

bool monitor_is_settled(const struct monitor *monitor)
{
	(void)monitor;
	return settled;
}

const struct reset *monitor_reset(const struct monitor *monitor)
{
	(void)monitor;
	return NULL;
}

static char in_a_fleet; /* whose address stands for a fleet */
static struct fleet *fleet;

struct fleet *monitor_fleet(const struct monitor *monitor)
{
	(void)monitor;
	return fleet;
}

bool monitor_is_isolated(const struct monitor *monitor)
{
	(void)monitor;
	return isolated;
}

uint64_t monitor_generation(const struct monitor *monitor)
{
	(void)monitor;
	return generation;
}

const struct histogram *monitor_lateness(const struct monitor *monitor)
{
	(void)monitor;
	return &lateness;
}

/* --- a fleet: three live hosts, of which one answers otherwise, and an order ---------------------- */

static const struct endpoint_config endpoint_configs[] = { { .id = "primary" },
	                                                   { .id = "secondary" } };
static const struct record_config shared = {
	.name = "www.example.com",
	.rule = { .scope = BALLOT_QUORUM, .share = 50, .sites = 1 },
	.endpoints = endpoint_configs,
	.endpoint_count = 2,
};

void fleet_link(const struct fleet *of, struct fleet_link *link)
{
	*link = (struct fleet_link){ .state = of ? FLEET_SYNCED : FLEET_OFF, .name_taken = of };
}

void fleet_counts(const struct fleet *of, struct fleet_counts *counts)
{
	(void)of;
	*counts = (struct fleet_counts){ .writes = 1, .resyncs = 2, .errors = 3, .malformed = 4 };
}

size_t fleet_host_count(const struct fleet *of)
{
	return of ? 3 : 0;
}

void fleet_host(const struct fleet *of, size_t index, struct fleet_host *host)
{
	static const char *const names[] = { "a", "b", "c" };

	(void)of;
	*host = (struct fleet_host){ .name = names[index] };
}

bool fleet_host_vote(const struct fleet *of, size_t index, const char *record,
                     struct fleet_host_vote *vote)
{
	(void)of;
	(void)record;
	*vote = (struct fleet_host_vote){ .answers = index ? "secondary" : "primary" };
	return true;
}

void fleet_ballot(const struct fleet *of, const char *record, const char *const *ids, size_t count,
                  const struct ballot_rule *rule, struct ballot_result *result)
{
	(void)of;
	(void)record;
	(void)ids;
	(void)count;
	(void)rule;
	*result = (struct ballot_result){ .voters = 3,
		                          .endpoints = { { .up = 1, .down = 2 },
		                                         { .up = 2, .unknown = 1 } },
		                          .agreed = 1 };
}

const struct fleet_order *fleet_order(const struct fleet *of, const char *record)
{
	static const struct fleet_order order = { .endpoint = "secondary" };

	(void)of;
	(void)record;
	return &order;
}

static void fill_failed_over(struct view_record *out)
{
	static const struct override override = { .by = "root" };
	struct view_endpoint *primary = &out->endpoints[0], *secondary = &out->endpoints[1];

	*out = (struct view_record){ .name = "www.example.com",
		                     .config = &shared,
		                     .fleet = fleet,
		                     .answer = 1,
		                     .since = 86401,
		                     .changes = 3,
		                     .override = &override,
		                     .forced = 1,
		                     .endpoint_count = 2 };
	*primary = (struct view_endpoint){ .id = "primary",
		                           .health = HEALTH_DOWN,
		                           .address_count = 1 };
	primary->addresses[0] = (struct view_address){ .health = HEALTH_DOWN,
		                                       .certificate_expires = 86403,
		                                       .no_verdict_since = 86404 };
	address_parse("192.0.2.1", &primary->addresses[0].address);
	*secondary = (struct view_endpoint){
		.id = "secondary", .health = HEALTH_UP, .error = "NXDOMAIN", .address_count = 2
	};
	secondary->addresses[0] = (struct view_address){
		.health = HEALTH_UP,
		.latency_us = 1500,
		.part_us = { [PROBE_CONNECT] = 250, [PROBE_FIRST_BYTE] = 1250 }
	};
	secondary->addresses[1] = (struct view_address){ .health = HEALTH_DOWN };
	address_parse("192.0.2.2", &secondary->addresses[0].address);
	address_parse("2001:db8::2", &secondary->addresses[1].address);
}

static void fill_plain(struct view_record *out)
{
	*out = (struct view_record){
		.name = "a.example.com", .answer = ELECTION_DNS, .since = 5, .endpoint_count = 1
	};
	out->endpoints[0] = (struct view_endpoint){ .id = "primary", .health = HEALTH_UNKNOWN };
}

void monitor_read(const struct monitor *monitor, size_t index, struct view_record *out)
{
	(void)monitor;
	if (index == 0)
		fill_failed_over(out);
	else
		fill_plain(out);
}

void notify_count(const struct notify *notify, struct notify_counts *counts)
{
	(void)notify;
	*counts = (struct notify_counts){ .delivered = 9,
		                          .failed = 2,
		                          .timed_out = 1,
		                          .dropped = 4,
		                          .waiting = 7,
		                          .running = 3 };
}

/* --- all of it ----------------------------------------------------------------------------------- */

static struct probe_tally probes;
static struct clients_counts clients;
static struct reports_counts reports;
static struct reload_history reloads;
static struct state_counts state_file;
static struct watch_counts watches;
static const struct metrics_sources sources = { .probes = &probes,
	                                        .clients = &clients,
	                                        .reports = &reports,
	                                        .reloads = &reloads,
	                                        .watches = &watches,
	                                        .state = &state_file,
	                                        .started = 1764208921 };

static int reset(void **state)
{
	(void)state;
	probes = (struct probe_tally){ 0 };
	clients = (struct clients_counts){ 0 };
	reloads = (struct reload_history){ 0 };
	state_file = (struct state_counts){ 0 };
	lateness = (struct histogram){ 0 };
	record_count = generation = 0;
	settled = isolated = false;
	fleet = NULL;
	return 0;
}

/* All pieces in one text, which the caller frees. */
static char *read_all(const struct metrics_sources *from)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool last = false;

	assert_non_null(out);
	for (size_t step = 0; !last; step++) {
		char *piece = metrics_piece(from, step, &last);

		assert_non_null(piece);
		assert_true(*piece); /* an empty one would end the answer */
		fputs(piece, out);
		free(piece);
	}
	fclose(out);
	return text;
}

/* The lines of `metric`, from its HELP to the next one's; the caller frees. */
static char *read_metric(const char *metric)
{
	char head[128];
	char *all = read_all(&sources), *start, *end;

	snprintf(head, sizeof(head), "# HELP %s ", metric);
	start = strstr(all, head);
	assert_non_null(start);
	assert_null(strstr(start + 1, head));
	end = strstr(start + 1, "# HELP ");
	if (end)
		*end = '\0';
	start = strdup(strchr(start, '\n') + 1);
	free(all);
	return start;
}

#define assert_metric(metric, expected)                                                            \
	do {                                                                                       \
		char *lines = read_metric(metric);                                                 \
		assert_string_equal(lines, expected);                                              \
		free(lines);                                                                       \
	} while (0)

static void of_records(void **state)
{
	(void)state;
	record_count = 2;
	assert_metric("shunt_record_active",
	              "# TYPE shunt_record_active gauge\n"
	              "shunt_record_active{record=\"www.example.com\",endpoint=\"primary\"} 0\n"
	              "shunt_record_active{record=\"www.example.com\",endpoint=\"secondary\"} 1\n"
	              "shunt_record_active{record=\"a.example.com\",endpoint=\"primary\"} 0\n");
	assert_metric("shunt_record_on_primary",
	              "# TYPE shunt_record_on_primary gauge\n"
	              "shunt_record_on_primary{record=\"www.example.com\"} 0\n"
	              "shunt_record_on_primary{record=\"a.example.com\"} 0\n");
	assert_metric("shunt_record_changes_total",
	              "# TYPE shunt_record_changes_total counter\n"
	              "shunt_record_changes_total{record=\"www.example.com\"} 3\n"
	              "shunt_record_changes_total{record=\"a.example.com\"} 0\n");
	assert_metric("shunt_record_last_change_timestamp_seconds",
	              "# TYPE shunt_record_last_change_timestamp_seconds gauge\n"
	              "shunt_record_last_change_timestamp_seconds{record=\"www.example.com\"} "
	              "86401\n"
	              "shunt_record_last_change_timestamp_seconds{record=\"a.example.com\"} 5\n");
	assert_metric("shunt_endpoint_up",
	              "# TYPE shunt_endpoint_up gauge\n"
	              "shunt_endpoint_up{record=\"www.example.com\",endpoint=\"primary\"} 0\n"
	              "shunt_endpoint_up{record=\"www.example.com\",endpoint=\"secondary\"} 1\n"
	              "shunt_endpoint_up{record=\"a.example.com\",endpoint=\"primary\"} NaN\n");
	assert_metric("shunt_override",
	              "# TYPE shunt_override gauge\n"
	              "shunt_override{record=\"www.example.com\",endpoint=\"primary\"} 0\n"
	              "shunt_override{record=\"www.example.com\",endpoint=\"secondary\"} 1\n"
	              "shunt_override{record=\"a.example.com\",endpoint=\"primary\"} 0\n");
}

/* Where there is nothing to say of a record there is no line, but an empty one, so that no piece is empty. */
static void only_where_it_says_more(void **state)
{
	(void)state;
	record_count = 2;
	assert_metric("shunt_endpoint_addresses",
	              "# TYPE shunt_endpoint_addresses gauge\n"
	              "shunt_endpoint_addresses{record=\"www.example.com\",endpoint=\"secondary\","
	              "health=\"up\"} 1\n"
	              "shunt_endpoint_addresses{record=\"www.example.com\",endpoint=\"secondary\","
	              "health=\"down\"} 1\n"
	              "shunt_endpoint_addresses{record=\"www.example.com\",endpoint=\"secondary\","
	              "health=\"unknown\"} 0\n\n");
	assert_metric("shunt_endpoint_problem",
	              "# TYPE shunt_endpoint_problem gauge\n"
	              "shunt_endpoint_problem{record=\"www.example.com\",endpoint=\"primary\","
	              "problem=\"no_verdict\"} 1\n"
	              "shunt_endpoint_problem{record=\"www.example.com\",endpoint=\"secondary\","
	              "problem=\"resolve\"} 1\n\n");
	assert_metric("shunt_endpoint_no_verdict",
	              "# TYPE shunt_endpoint_no_verdict gauge\n"
	              "shunt_endpoint_no_verdict{record=\"www.example.com\",endpoint=\"primary\","
	              "side=\"unknown\"} 1\n\n");
	assert_metric("shunt_probe_seconds",
	              "# TYPE shunt_probe_seconds gauge\n"
	              "shunt_probe_seconds{record=\"www.example.com\",endpoint=\"secondary\","
	              "address=\"192.0.2.2\",part=\"connect\"} 0.00025\n"
	              "shunt_probe_seconds{record=\"www.example.com\",endpoint=\"secondary\","
	              "address=\"192.0.2.2\",part=\"first_byte\"} 0.00125\n"
	              "shunt_probe_seconds{record=\"www.example.com\",endpoint=\"secondary\","
	              "address=\"192.0.2.2\",part=\"whole\"} 0.0015\n\n");
	assert_metric("shunt_certificate_expiry_timestamp_seconds",
	              "# TYPE shunt_certificate_expiry_timestamp_seconds gauge\n"
	              "shunt_certificate_expiry_timestamp_seconds{record=\"www.example.com\","
	              "endpoint=\"primary\",address=\"192.0.2.1\"} 86403\n\n");
}

static void of_the_fleet(void **state)
{
	static const struct {
		const char *metric, *type, *value;
	} cases[] = {
		{ "shunt_fleet_etcd_up", "gauge", "1" },
		{ "shunt_fleet_name_taken", "gauge", "1" },
		{ "shunt_fleet_hosts", "gauge", "3" },
		{ "shunt_fleet_writes_total", "counter", "1" },
		{ "shunt_fleet_resyncs_total", "counter", "2" },
		{ "shunt_fleet_errors_total", "counter", "3" },
		{ "shunt_fleet_malformed_total", "counter", "4" },
	};

	(void)state;
	record_count = 2;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char expected[200];

		snprintf(expected, sizeof(expected), "# TYPE %s %s\n", cases[i].metric,
		         cases[i].type);
		fleet = NULL;
		assert_metric(cases[i].metric, expected);
		snprintf(expected, sizeof(expected), "# TYPE %s %s\n%s %s\n", cases[i].metric,
		         cases[i].type, cases[i].metric, cases[i].value);
		fleet = (struct fleet *)&in_a_fleet;
		assert_metric(cases[i].metric, expected);
	}
#define WWW "{record=\"www.example.com\""
	assert_metric("shunt_fleet_votes",
	              "# TYPE shunt_fleet_votes gauge\n"
	              "shunt_fleet_votes" WWW ",endpoint=\"primary\",vote=\"up\"} 1\n"
	              "shunt_fleet_votes" WWW ",endpoint=\"primary\",vote=\"down\"} 2\n"
	              "shunt_fleet_votes" WWW ",endpoint=\"primary\",vote=\"unknown\"} 0\n"
	              "shunt_fleet_votes" WWW ",endpoint=\"secondary\",vote=\"up\"} 2\n"
	              "shunt_fleet_votes" WWW ",endpoint=\"secondary\",vote=\"down\"} 0\n"
	              "shunt_fleet_votes" WWW ",endpoint=\"secondary\",vote=\"unknown\"} 1\n\n");
	assert_metric("shunt_fleet_agreed",
	              "# TYPE shunt_fleet_agreed gauge\n"
	              "shunt_fleet_agreed" WWW ",endpoint=\"primary\"} 0\n"
	              "shunt_fleet_agreed" WWW ",endpoint=\"secondary\"} 1\n\n");
	assert_metric("shunt_fleet_order",
	              "# TYPE shunt_fleet_order gauge\n"
	              "shunt_fleet_order" WWW ",endpoint=\"primary\"} 0\n"
	              "shunt_fleet_order" WWW ",endpoint=\"secondary\"} 1\n\n");
	assert_metric("shunt_fleet_disagreeing_hosts",
	              "# TYPE shunt_fleet_disagreeing_hosts gauge\n"
	              "shunt_fleet_disagreeing_hosts" WWW "} 1\n\n");
}

static void without_records(void **state)
{
	(void)state;
	assert_metric("shunt_record_active", "# TYPE shunt_record_active gauge\n");
	assert_metric("shunt_certificate_expiry_timestamp_seconds",
	              "# TYPE shunt_certificate_expiry_timestamp_seconds gauge\n");
	assert_metric("shunt_table_supersessions_total",
	              "# TYPE shunt_table_supersessions_total counter\n"
	              "shunt_table_supersessions_total 0\n");
}

static void of_the_daemon(void **state)
{
	(void)state;
	record_count = 2;
	generation = 4;
	settled = isolated = true;
	reloads = (struct reload_history){ 3, 2, 1764208999, true };
	state_file.write_failures = 5;
	watches = (struct watch_counts){
		.phases = { 1, 2, 3, 4 }, .unexpected = 5, .expected = 6, .own = 7
	};
	assert_metric("shunt_watched_connections",
	              "# TYPE shunt_watched_connections gauge\n"
	              "shunt_watched_connections{state=\"off\"} 1\n"
	              "shunt_watched_connections{state=\"waiting\"} 2\n"
	              "shunt_watched_connections{state=\"opening\"} 3\n"
	              "shunt_watched_connections{state=\"held\"} 4\n");
	assert_metric("shunt_watched_ends_total",
	              "# TYPE shunt_watched_ends_total counter\n"
	              "shunt_watched_ends_total{cause=\"unexpected\"} 5\n"
	              "shunt_watched_ends_total{cause=\"expected\"} 6\n"
	              "shunt_watched_ends_total{cause=\"host\"} 7\n");
	assert_metric("process_start_time_seconds", "# TYPE process_start_time_seconds gauge\n"
	                                            "process_start_time_seconds 1764208921\n");
	assert_metric("shunt_settled", "# TYPE shunt_settled gauge\nshunt_settled 1\n");
	assert_metric("shunt_isolated", "# TYPE shunt_isolated gauge\nshunt_isolated 1\n");
	assert_metric("shunt_records", "# TYPE shunt_records gauge\nshunt_records 2\n");
	assert_metric("shunt_overrides", "# TYPE shunt_overrides gauge\nshunt_overrides 1\n");
	assert_metric("shunt_last_reload_success",
	              "# TYPE shunt_last_reload_success gauge\nshunt_last_reload_success 0\n");
	assert_metric("shunt_last_reload_timestamp_seconds",
	              "# TYPE shunt_last_reload_timestamp_seconds gauge\n"
	              "shunt_last_reload_timestamp_seconds 1764208999\n");
	assert_metric("shunt_reloads_total", "# TYPE shunt_reloads_total counter\n"
	                                     "shunt_reloads_total{result=\"success\"} 3\n"
	                                     "shunt_reloads_total{result=\"failure\"} 2\n");
	assert_metric("shunt_table_supersessions_total",
	              "# TYPE shunt_table_supersessions_total counter\n"
	              "shunt_table_supersessions_total 3\n");
	assert_metric("shunt_state_write_failures_total",
	              "# TYPE shunt_state_write_failures_total counter\n"
	              "shunt_state_write_failures_total 5\n");
}

static void of_clients(void **state)
{
	(void)state;
	clients = (struct clients_counts){
		.stages = { [CLIENTS_WAITING] = 2, [CLIENTS_HELD] = 7 },
		.attaches = 12345678901,
		.refusals = { [CLIENTS_CROWD] = 4, [CLIENTS_UNSENT] = 1 },
	};
	assert_metric("shunt_clients", "# TYPE shunt_clients gauge\n"
	                               "shunt_clients{state=\"new\"} 0\n"
	                               "shunt_clients{state=\"waiting\"} 2\n"
	                               "shunt_clients{state=\"sending\"} 0\n"
	                               "shunt_clients{state=\"attached\"} 7\n");
	assert_metric("shunt_attaches_total",
	              "# TYPE shunt_attaches_total counter\nshunt_attaches_total 12345678901\n");
	reports = (struct reports_counts){ .probed = 1, .ignored = 2, .limited = 3, .invalid = 4 };
	assert_metric("shunt_reports_total", "# TYPE shunt_reports_total counter\n"
	                                     "shunt_reports_total{result=\"probed\"} 1\n"
	                                     "shunt_reports_total{result=\"ignored\"} 2\n"
	                                     "shunt_reports_total{result=\"limited\"} 3\n"
	                                     "shunt_reports_total{result=\"invalid\"} 4\n");
	assert_metric("shunt_attach_refusals_total",
	              "# TYPE shunt_attach_refusals_total counter\n"
	              "shunt_attach_refusals_total{reason=\"crowd\"} 4\n"
	              "shunt_attach_refusals_total{reason=\"rubbish\"} 0\n"
	              "shunt_attach_refusals_total{reason=\"silence\"} 0\n"
	              "shunt_attach_refusals_total{reason=\"version\"} 0\n"
	              "shunt_attach_refusals_total{reason=\"unsent\"} 1\n");
}

static void assert_has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("there is no \"%s\" in:\n%s", line, text);
}

/* A series that comes into being with its first event would hide that from rate(): all are there from the start. */
static void of_probes(void **state)
{
	size_t lines = 0;
	char *text;

	(void)state;
	tally_ended(&probes, CHECK_HTTPS, WHY_CERTIFICATE, 700);
	tally_ended(&probes, CHECK_HTTPS, WHY_PASS, 40000000);
	tally_ended(&probes, CHECK_EXEC, WHY_LATE, 1000);
	text = read_metric("shunt_probes_total");
	assert_has(text, "\nshunt_probes_total{type=\"https\",result=\"certificate\"} 1\n");
	assert_has(text, "\nshunt_probes_total{type=\"https\",result=\"pass\"} 1\n");
	assert_has(text, "\nshunt_probes_total{type=\"exec\",result=\"late\"} 1\n");
	assert_has(text, "\nshunt_probes_total{type=\"tcp\",result=\"refused\"} 0\n");
	for (const char *c = text; (c = strchr(c, '{')); c++)
		lines++;
	assert_int_equal(lines, CHECK_CALCULATED * WHYS);
	free(text);
	text = read_metric("shunt_probe_duration_seconds");
	assert_has(text, "# TYPE shunt_probe_duration_seconds histogram\n");
	assert_has(text, "_bucket{le=\"0.0005\",type=\"https\"} 0\n");
	assert_has(text, "_bucket{le=\"0.001\",type=\"https\"} 1\n");
	assert_has(text, "_bucket{le=\"30\",type=\"https\"} 1\n");
	assert_has(text, "_bucket{le=\"+Inf\",type=\"https\"} 2\n");
	assert_has(text, "\nshunt_probe_duration_seconds_sum{type=\"https\"} 40.0007\n");
	assert_has(text, "\nshunt_probe_duration_seconds_count{type=\"https\"} 2\n");
	assert_has(text, "\nshunt_probe_duration_seconds_count{type=\"exec\"} 0\n");
	free(text);
}

/* Ticks of the probes and heartbeats of the tables are one thing. */
static void of_the_loop(void **state)
{
	char *text;

	(void)state;
	histogram_observe(&probes.late, 0);
	histogram_observe(&lateness, 300000);
	text = read_metric("shunt_loop_lag_seconds");
	assert_has(text, "\nshunt_loop_lag_seconds_bucket{le=\"0.0005\"} 1\n");
	assert_has(text, "\nshunt_loop_lag_seconds_bucket{le=\"0.5\"} 2\n");
	assert_has(text, "\nshunt_loop_lag_seconds_sum 0.3\n");
	assert_has(text, "\nshunt_loop_lag_seconds_count 2\n");
	free(text);
}

static void of_events(void **state)
{
	char *text;

	(void)state;
	event_emit(&(struct event_record){ .type = EVENT_ISOLATED });
	text = read_metric("shunt_events_total");
	assert_has(text, "\nshunt_events_total{type=\"isolated\"} 1\n");
	assert_has(text, "\nshunt_events_total{type=\"rejoined\"} 0\n");
	free(text);
}

static void of_programs_that_are_told(void **state)
{
	(void)state;
	assert_metric("shunt_notify_total", "# TYPE shunt_notify_total counter\n"
	                                    "shunt_notify_total{result=\"delivered\"} 9\n"
	                                    "shunt_notify_total{result=\"failed\"} 2\n"
	                                    "shunt_notify_total{result=\"timeout\"} 1\n"
	                                    "shunt_notify_total{result=\"dropped\"} 4\n");
	assert_metric("shunt_notify_waiting",
	              "# TYPE shunt_notify_waiting gauge\nshunt_notify_waiting 7\n");
	assert_metric("shunt_notify_running",
	              "# TYPE shunt_notify_running gauge\nshunt_notify_running 3\n");
}

static void private_daemons_keep_no_state(void **state)
{
	struct metrics_sources without = sources;
	char *text;

	(void)state;
	without.state = NULL;
	text = read_all(&without);
	assert_has(text, "\nshunt_state_write_failures_total 0\n");
	free(text);
}

/* What a name cannot have today, a version may. */
static void labels_are_quoted(void **state)
{
	static const struct metrics_label labels[] = { { "a", "x\"y\\z\nw" },
		                                       { "b", "" },
		                                       { NULL, NULL } };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	metrics_text_line(out, "metric", labels, 0.1);
	fclose(out);
	assert_string_equal(text, "metric{a=\"x\\\"y\\\\z\\nw\",b=\"\"} 0.1\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(of_records, reset),
		cmocka_unit_test_setup(only_where_it_says_more, reset),
		cmocka_unit_test_setup(of_the_fleet, reset),
		cmocka_unit_test_setup(without_records, reset),
		cmocka_unit_test_setup(of_the_daemon, reset),
		cmocka_unit_test_setup(of_clients, reset),
		cmocka_unit_test_setup(of_probes, reset),
		cmocka_unit_test_setup(of_the_loop, reset),
		cmocka_unit_test_setup(of_events, reset),
		cmocka_unit_test_setup(of_programs_that_are_told, reset),
		cmocka_unit_test_setup(private_daemons_keep_no_state, reset),
		cmocka_unit_test(labels_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
