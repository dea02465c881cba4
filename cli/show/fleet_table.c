#include "show/fleet_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/record.h"
#include "base/cli.h"
#include "base/human.h"
#include "show/sheet.h"
#include "show/table.h"
#include "show/terminal.h"

#define COUNT_MAX 64

enum { NAME, ANSWER, HOSTS, RULE, ORDER };
enum { ENDPOINT, HEALTH, DOWN, UP, UNKNOWN };
enum { HOST, SITE, VERSION, SINCE, DISAGREES };

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static bool is(const json_t *object, const char *key, const char *word)
{
	return strcmp(record_field(object, key), word) == 0;
}

/* "5m 3s", or "-" for what is no time. */
static const char *age(const json_t *object, const char *key, time_t now, char text[HUMAN_TIME_MAX])
{
	const time_t since = human_read_time(record_field(object, key));

	if (since < 0)
		return strcpy(text, "-");
	return human_duration(now - since, text);
}

/* --- this host's place in the fleet ----------------------------------------------------------- */

static size_t count_sites(const json_t *hosts)
{
	json_t *sites = json_object(), *host;
	size_t i, count;

	json_array_foreach (hosts, i, host) {
		json_object_set_new(sites, record_field(host, "site"), json_true());
	}
	count = json_object_size(sites);
	json_decref(sites);
	return count;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* A line, made printable. */
static void print_line(char *line, FILE *out)
{
	if (line)
		fprintf(out, "%s\n", human_printable(line));
	free(line);
}

static const char *link_words(const json_t *fleet)
{
	static const struct {
		const char *state, *words;
	} states[] = {
		{ "synced", "In the fleet" },
		{ "joining", "Joining the fleet" },
		{ "lost", "Without the fleet" },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (is(fleet, "state", states[i].state))
			return states[i].words;
	}
	return "Not yet in the fleet";
}

static void print_link(const json_t *fleet, time_t now, FILE *out)
{
	const json_t *hosts = json_object_get(fleet, "hosts");
	const size_t host_count = json_array_size(hosts), site_count = count_sites(hosts);
	const char *error = record_field(fleet, "error");
	char text[HUMAN_TIME_MAX], *line;

	if (asprintf(&line, "%s %s for %s: %zu host%s at %zu site%s. This host is %s at %s.",
	             link_words(fleet), record_field(fleet, "prefix"),
	             age(fleet, "since", now, text), host_count, plural(host_count), site_count,
	             plural(site_count), record_field(fleet, "host"),
	             record_field(fleet, "site")) < 0)
		line = NULL;
	print_line(line, out);
	if (!*error)
		return;
	if (asprintf(&line, "etcd: %s.%s", error,
	             is(fleet, "state", "lost") ? " What follows was known before." : "") < 0)
		line = NULL;
	print_line(line, out);
}

/* --- records ---------------------------------------------------------------------------------- */

/* "more than 50%, at 2 sites", "all" */
static const char *rule_words(const json_t *record, char text[COUNT_MAX])
{
	const long long sites = record_number(record, "sites");
	int used = snprintf(text, COUNT_MAX, "all");

	if (is(record, "scope", "quorum"))
		used = snprintf(text, COUNT_MAX, "more than %lld%%",
		                record_number(record, "share"));
	if (sites > 1)
		snprintf(text + used, (size_t)(COUNT_MAX - used), ", at %lld sites", sites);
	return text;
}

/* "secondary by root until 2026-…, for 2 hosts: maintenance". The caller frees it. */
static char *order_words(const json_t *order)
{
	const char *until = record_field(order, "until"), *reason = record_field(order, "reason");
	const json_t *hosts = json_object_get(order, "hosts");
	const size_t count = json_array_size(hosts);
	char some[COUNT_MAX] = "", *text;

	if (!json_is_object(order))
		return strdup("-");
	if (json_is_array(hosts))
		snprintf(some, sizeof(some), ", for %zu host%s", count, plural(count));
	if (asprintf(&text, "%s by %s%s%s%s%s%s", record_field(order, "endpoint"),
	             record_field(order, "by"), *until ? " until " : "", until, some,
	             *reason ? ": " : "", reason) < 0)
		return NULL;
	return text;
}

static const char *votes_words(const json_t *endpoint, char text[COUNT_MAX])
{
	const long long down = record_number(endpoint, "down"),
	                sites = record_number(endpoint, "sites");

	if (down > 0)
		snprintf(text, COUNT_MAX, "%lld at %lld site%s", down, sites,
		         plural((size_t)sites));
	else
		snprintf(text, COUNT_MAX, "0");
	return text;
}

static void add_endpoint(struct sheet *sheet, struct table *table, const json_t *endpoint,
                         const char *agreed)
{
	const char *id = record_field(endpoint, "endpoint");
	const char *health = record_field(endpoint, "health");
	char marked[COUNT_MAX + 8], down[COUNT_MAX], up[COUNT_MAX], unknown[COUNT_MAX];

	snprintf(marked, sizeof(marked), "%c %s", strcmp(id, agreed) == 0 ? '*' : '-', id);
	snprintf(up, sizeof(up), "%lld", record_number(endpoint, "up"));
	snprintf(unknown, sizeof(unknown), "%lld", record_number(endpoint, "unknown"));
	sheet_add(sheet, table,
	          &(struct table_row){
	                  .cell = { marked, health, votes_words(endpoint, down), up, unknown },
	                  .colour = { [HEALTH] = terminal_health_colour(health) } });
}

static void add_record(struct sheet *sheet, struct table *records, struct table *endpoints,
                       const json_t *record)
{
	const char *agreed = record_field(record, "agreed");
	char rule[COUNT_MAX], hosts[COUNT_MAX];
	char *order = order_words(json_object_get(record, "order"));
	json_t *endpoint;
	size_t i;

	snprintf(hosts, sizeof(hosts), "%lld", record_number(record, "live"));
	sheet_add(
	        sheet, records,
	        &(struct table_row){ .cell = { record_field(record, "name"), *agreed ? agreed : "-",
	                                       hosts, rule_words(record, rule), order },
	                             .colour = { [NAME] = TERMINAL_BOLD } });
	json_array_foreach (json_object_get(record, "endpoints"), i, endpoint) {
		add_endpoint(sheet, endpoints, endpoint, agreed);
	}
	free(order);
}

/* --- hosts ------------------------------------------------------------------------------------ */

/* What a host says of a record; NULL: it has no vote there. */
static const json_t *said(const json_t *record, const json_t *host)
{
	return json_object_get(json_object_get(record, "hosts"), record_field(host, "name"));
}

static bool agrees(const json_t *vote)
{
	return !vote || (is_true(vote, "follows") &&
	                 json_array_size(json_object_get(vote, "dissents")) == 0);
}

/* "db.example.com: answers primary; db.example.com: says primary is up" */
static void say_dissent(FILE *out, const char *name, const json_t *vote)
{
	const char *answers = record_field(vote, "answers");
	json_t *id;
	size_t i;

	if (!is_true(vote, "follows"))
		fprintf(out, "%s%s: answers %s", ftell(out) ? "; " : "", name,
		        *answers ? answers : "with nothing");
	json_array_foreach (json_object_get(vote, "dissents"), i, id) {
		const char *endpoint = json_string_value(id) ? json_string_value(id) : "?";

		fprintf(out, "%s%s: says %s is %s", ftell(out) ? "; " : "", name, endpoint,
		        record_field(json_object_get(vote, "health"), endpoint));
	}
}

/*
 * "-": it agrees. The caller frees it; NULL if out of memory. `*since`: the last change of what it
 * disagrees about; -1: none.
 */
static char *dissent_words(const json_t *records, const json_t *host, time_t *since)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);
	const json_t *record;

	*since = -1;
	if (!out)
		return NULL;
	if (is_true(host, "isolated"))
		fputs("isolated: it does not vote", out);
	json_array_foreach (records, i, record) {
		const json_t *vote = said(record, host);
		const time_t at = human_read_time(record_field(vote, "since"));

		if (agrees(vote))
			continue;
		say_dissent(out, record_field(record, "name"), vote);
		if (at > *since)
			*since = at;
	}
	if (ftell(out) == 0)
		fputs("-", out);
	fclose(out);
	return text;
}

static void add_host(struct sheet *sheet, struct table *table, const json_t *records,
                     const json_t *host, time_t now)
{
	time_t at;
	char *dissent = dissent_words(records, host, &at), since[HUMAN_TIME_MAX] = "-";
	struct table_row row = { .cell = { record_field(host, "name"), record_field(host, "site"),
		                           record_field(host, "version"), since, dissent } };

	if (at >= 0)
		human_duration(now - at, since);
	if (dissent && strcmp(dissent, "-") != 0)
		row.colour[DISAGREES] = TERMINAL_YELLOW;
	sheet_add(sheet, table, &row);
	free(dissent);
}

/* --- all of it -------------------------------------------------------------------------------- */

static const struct table_row record_titles = { .cell = { "NAME", "ANSWER", "HOSTS", "DOWN IF",
	                                                  "ORDER" } };
static const struct table_row endpoint_titles = { .cell = { "  ENDPOINT", "HEALTH", "DOWN", "UP",
	                                                    "UNKNOWN" } };
static const struct table_row host_titles = { .cell = { "HOST", "SITE", "VERSION", "SINCE",
	                                                "DISAGREES" } };

static void add_records(struct sheet *sheet, struct table *records, struct table *endpoints,
                        const json_t *list)
{
	const json_t *record;
	size_t i;

	if (json_array_size(list) > 0) {
		sheet_add(sheet, NULL, NULL);
		sheet_add(sheet, records, &record_titles);
		sheet_add(sheet, endpoints, &endpoint_titles);
	}
	json_array_foreach (list, i, record) {
		add_record(sheet, records, endpoints, record);
	}
}

void fleet_table_print(const json_t *fleet, const struct status_table_style *style, FILE *out)
{
	struct table records = { .floor = { 15, 10, 0, 14 } }, hosts = { .floor = { 12, 8 } };
	struct table endpoints = { .indent = 2, .floor = { 14 } };
	const json_t *list = json_object_get(fleet, "records"), *host;
	struct sheet sheet = { 0 };
	size_t i;

	print_link(fleet, style->now, out);
	add_records(&sheet, &records, &endpoints, list);
	sheet_add(&sheet, NULL, NULL);
	sheet_add(&sheet, &hosts, &host_titles);
	json_array_foreach (json_object_get(fleet, "hosts"), i, host) {
		add_host(&sheet, &hosts, list, host, style->now);
	}
	if (!sheet_print(&sheet, style->width, style->colours, out))
		cli_error("out of memory");
}

static bool has_stray(const json_t *record)
{
	const char *name;
	json_t *vote;

	json_object_foreach(json_object_get(record, "hosts"), name, vote)
	{
		if (!is_true(vote, "follows"))
			return true;
	}
	return false;
}

int fleet_table_verdict(const json_t *fleet)
{
	const json_t *record;
	size_t i;

	if (is(fleet, "state", "off"))
		return CLI_REFUSED;
	if (!is(fleet, "state", "synced"))
		return CLI_UNHEALTHY;
	json_array_foreach (json_object_get(fleet, "records"), i, record) {
		if (has_stray(record))
			return CLI_ELSEWHERE;
	}
	return CLI_DONE;
}
