#include "status.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "api.h"
#include "cli.h"
#include "follow.h"
#include "options.h"
#include "record.h"
#include "table.h"
#include "terminal.h"
#include "words.h"

/* --- choosing and judging ----------------------------------------------------------------------- */

static bool same_name(const char *a, const char *b, size_t length)
{
	return a && strlen(a) == length && strncasecmp(a, b, length) == 0;
}

static bool record_has_name(const json_t *record, const char *name, size_t length)
{
	json_t *alias;
	size_t i;

	if (same_name(record_field(record, "name"), name, length))
		return true;
	json_array_foreach (json_object_get(record, "aliases"), i, alias) {
		if (same_name(json_string_value(alias), name, length))
			return true;
	}
	return false;
}

json_t *status_find(const json_t *status, const char *name)
{
	size_t length = strlen(name), i;
	json_t *record;

	if (length > 1 && name[length - 1] == '.')
		length--;
	json_array_foreach (json_object_get(status, "records"), i, record) {
		if (record_has_name(record, name, length))
			return record;
	}
	return NULL;
}

json_t *status_only(const json_t *status, json_t *record)
{
	json_t *only = json_copy((json_t *)status);

	json_object_set_new(only, "records", json_pack("[O]", record));
	return only;
}

int status_record_verdict(const json_t *record)
{
	const json_t *endpoints = json_object_get(record, "endpoints");
	json_t *endpoint;
	size_t i, useless = 0;

	json_array_foreach (endpoints, i, endpoint) {
		useless += strcmp(record_field(endpoint, "health"), "down") == 0 ||
		           json_array_size(json_object_get(endpoint, "addresses")) == 0;
	}
	if (useless > 0 && useless == json_array_size(endpoints))
		return CLI_UNHEALTHY;
	if (strcmp(record_field(record, "active"),
	           record_field(json_array_get(endpoints, 0), "id")) != 0)
		return CLI_ELSEWHERE;
	return CLI_DONE;
}

int status_verdict(const json_t *status)
{
	int worst = CLI_DONE;
	json_t *record;
	size_t i;

	json_array_foreach (json_object_get(status, "records"), i, record) {
		int verdict = status_record_verdict(record);

		if (verdict > worst)
			worst = verdict;
	}
	return worst;
}

/* --- the two tables ----------------------------------------------------------------------------- */

#define OUTPUT_BUFFER 65536 /* a table of many lines goes to a terminal in few writes */

enum { NAME, ANSWER, ENDPOINT, SINCE, WHY };
enum { ID, HEALTH, ADDRESS, LATENCY, ERROR };

static const bool record_words[TABLE_COLUMNS] = { [ANSWER] = true };
static const bool endpoint_words[TABLE_COLUMNS] = { false };

struct page {
	struct table records, endpoints;
	const struct status_style *style;
	FILE *out; /* NULL: the widths are being measured */
};

/* Measures or prints. The cells may hold foreign text; they are made printable here. */
static void page_row(struct page *page, struct table *table, struct table_row row,
                     const bool *words)
{
	char *copies[TABLE_COLUMNS] = { NULL };

	for (size_t i = 0; i < TABLE_COLUMNS; i++) {
		if (row.cell[i] && !words_are_printable(row.cell[i])) {
			copies[i] = strdup(row.cell[i]);
			row.cell[i] = copies[i] ? words_printable(copies[i]) : NULL;
		}
		if (!page->style->colours)
			row.colour[i] = NULL;
	}
	if (page->out)
		table_print(table, &row, page->out);
	else
		table_measure(table, &row, words);
	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		free(copies[i]);
}

static const char *health_colour(const char *health)
{
	static const struct {
		const char *health, *colour;
	} colours[] = { { "up", TERMINAL_GREEN }, { "down", TERMINAL_RED } };

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(colours[i].health, health) == 0)
			return colours[i].colour;
	return TERMINAL_YELLOW;
}

/* No latency where there is no check; none while probes do not pass: an old one would only mislead. */
static const char *latency_words(const json_t *endpoint, const json_t *address,
                                 char words[WORDS_TIME_MAX])
{
	const json_t *latency = json_object_get(address, "latency_ms");

	if (!json_is_string(json_object_get(endpoint, "check")))
		return "no check";
	return json_is_number(latency) && !*record_field(address, "last_error")
	               ? words_latency(json_number_value(latency), words)
	               : "-";
}

/* `address` is NULL for an endpoint that has none. */
static void address_row(struct page *page, const json_t *endpoint, const json_t *address,
                        const char *id)
{
	const char *health = record_field(address ? address : endpoint, "health");
	char words[WORDS_TIME_MAX];
	struct table_row row = { .cell = { id, health,
		                           address ? record_field(address, "address") : "-",
		                           latency_words(endpoint, address, words),
		                           record_field(address, "last_error") },
		                 .colour = { [HEALTH] = health_colour(health) } };

	page_row(page, &page->endpoints, row, endpoint_words);
}

static void endpoint_rows(struct page *page, const json_t *endpoint, bool active)
{
	const json_t *addresses = json_object_get(endpoint, "addresses");
	const char *error = record_field(endpoint, "error");
	json_t *address;
	char *id;
	size_t i;

	if (asprintf(&id, "%c %s", active ? '*' : '-', record_field(endpoint, "id")) < 0)
		return;
	json_array_foreach (addresses, i, address) {
		address_row(page, endpoint, address, i ? NULL : id);
	}
	if (i == 0)
		address_row(page, endpoint, NULL, id);
	if (*error)
		page_row(page, &page->endpoints, (struct table_row){ .cell = { [ERROR] = error } },
		         endpoint_words);
	free(id);
}

static void record_row(struct page *page, const json_t *record)
{
	time_t since = words_time(json_string_value(json_object_get(record, "since")));
	char age[WORDS_TIME_MAX] = "-";
	char *answer = answer_words(record);
	const char *active = record_field(record, "active");
	int verdict = status_record_verdict(record);

	if (since != -1)
		words_duration(page->style->now - since, age);
	page_row(page, &page->records,
	         (struct table_row){ .cell = { record_field(record, "name"), answer,
	                                       *active ? active : "-", age,
	                                       record_field(record, "reason") },
	                             .colour = { TERMINAL_BOLD, NULL,
	                                         verdict == CLI_DONE        ? TERMINAL_GREEN
	                                         : verdict == CLI_UNHEALTHY ? TERMINAL_RED
	                                                                    : TERMINAL_YELLOW } },
	         record_words);
	free(answer);
}

static void page_records(struct page *page, const json_t *status)
{
	json_t *record, *endpoint;
	struct table_row titles = { .cell = { "NAME", "ANSWER", "ENDPOINT", "SINCE" } };
	/* The first one begins below the ids, which have a mark before them. */
	struct table_row below = { .cell = { "  ENDPOINT", "HEALTH", "ADDRESS", "LATENCY" } };
	size_t i, j;

	titles.cell[WHY] = page->records.last_below ? NULL : "WHY";
	below.cell[ERROR] = page->endpoints.last_below ? NULL : "LAST ERROR";
	page_row(page, &page->records, titles, record_words);
	page_row(page, &page->endpoints, below, endpoint_words);
	json_array_foreach (json_object_get(status, "records"), i, record) {
		const char *active = record_field(record, "active");

		record_row(page, record);
		json_array_foreach (json_object_get(record, "endpoints"), j, endpoint) {
			endpoint_rows(page, endpoint,
			              strcmp(record_field(endpoint, "id"), active) == 0);
		}
	}
}

void status_print(const json_t *status, const struct status_style *style, FILE *out)
{
	struct page page = { .records = { .floor = { 15, 39, 12 } },
		             .endpoints = { .indent = 2, .floor = { 14 } },
		             .style = style };

	if (json_array_size(json_object_get(status, "records")) == 0) {
		fputs("No names are managed.\n", out);
		return;
	}
	page_records(&page, status);
	table_fit(&page.records, style->width);
	table_fit(&page.endpoints, style->width);
	page.out = out;
	page_records(&page, status);
	if (json_is_false(json_object_get(status, "settled")))
		fputs("The daemon has just started: its first checks are under way.\n", out);
	if (json_is_true(json_object_get(status, "isolated")))
		fputs("This host is isolated: nothing beyond it answers, so the answers hold.\n",
		      out);
}

/* --- the command -------------------------------------------------------------------------------- */

static int show(const json_t *status, bool json)
{
	const struct status_style style = { .width = terminal_width(stdout),
		                            .colours = terminal_colours(stdout),
		                            .now = time(NULL) };

	if (json) {
		json_dumpf(status, stdout,
		           JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
		putchar('\n');
	} else {
		setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
		status_print(status, &style, stdout);
	}
	return cli_finish(status_verdict(status));
}

static int show_one(const json_t *status, const char *name, bool json)
{
	json_t *record = status_find(status, name), *only;
	int result;

	if (!record) {
		cli_error("%s is not a managed name ('shunt status' lists them)", name);
		return CLI_REFUSED;
	}
	only = status_only(status, record);
	result = show(only, json);
	json_decref(only);
	return result;
}

static int run(const struct command *command, const struct cli_context *context, int argc,
               char **argv)
{
	const char *control = context->control;
	bool help = false, as_json = false, follows = false;
	const struct option_row rows[] = { { 'h', "help", NULL, &help },
		                           { 0, "json", NULL, &as_json },
		                           { 0, "follow", NULL, &follows },
		                           { 0, "control", &control, NULL },
		                           { 0 } };
	char error[API_ERROR_MAX];
	struct operands operands;
	json_t *status;
	int result;

	if (!options_parse(command->name, rows, false, argc, argv, &operands))
		return CLI_USAGE;
	if (help)
		return cli_help(command);
	if (operands.count > 1)
		return cli_usage(command->name, "status takes one name, not %d", operands.count);
	if (operands.count && !*operands.list[0])
		return cli_usage(command->name, "the name is empty");
	if (follows && as_json)
		return cli_usage(command->name,
		                 "--follow draws a table; 'shunt watch --json' tells changes");
	if (follows)
		return follow_run(api_control(control), operands.list[0]);
	result = api_get(api_control(control), as_json ? "/v1/status" : "/v1/status?brief=true",
	                 &status, error);
	if (result != CLI_DONE) {
		cli_error("%s", error);
		return result;
	}
	result = operands.count ? show_one(status, operands.list[0], as_json)
	                        : show(status, as_json);
	json_decref(status);
	return result;
}

const struct command status_command = {
	.name = "status",
	.summary = "what every name answers now, since when, and why",
	.help = "Usage: shunt status [NAME] [--json | --follow] [--control PATH]\n"
	        "\n"
	        "What every managed name, or NAME, answers now, from which endpoint, since when\n"
	        "and why; below it each endpoint with its health, the latency of the last probe\n"
	        "if that passed, and else its error. '*' is the endpoint that answers.\n"
	        "\n"
	        "  --json          as the daemon tells it\n"
	        "  --follow        on a terminal: drawn again whenever something changes, the\n"
	        "                  last events below it; q ends it\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 every primary answers; 1 something answers from another endpoint;\n"
	        "2 something has no healthy endpoint; 3 the daemon cannot be reached; 4 NAME is\n"
	        "not managed.\n",
	.run = run,
};
