#include "status.h"

#include <stdlib.h>
#include <string.h>

#include "api/record.h"
#include "cli.h"
#include "options.h"
#include "show/answer.h"
#include "show/follow.h"
#include "show/table.h"
#include "show/terminal.h"
#include "show/verdict.h"
#include "show/words.h"

/* --- the two tables ----------------------------------------------------------------------------- */

#define ID_WORDS_MAX 80     /* a mark, a space and an id (SHUNT_ID_MAX) */
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

/* Measures or prints. */
static void page_row(struct page *page, struct table *table, struct table_row row,
                     const bool *words)
{
	for (size_t i = 0; i < TABLE_COLUMNS && !page->style->colours; i++)
		row.colour[i] = NULL;
	if (page->out)
		table_print(table, &row, page->out);
	else
		table_measure(table, &row, words);
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
static const char *latency_words(const struct listing_endpoint *endpoint,
                                 const struct listing_address *address, char words[WORDS_TIME_MAX])
{
	if (!*endpoint->check)
		return "no check";
	if (!address || address->latency_ms < 0 || *address->last_error)
		return "-";
	return words_latency(address->latency_ms, words);
}

/* `address` is NULL for an endpoint that has none. */
static void address_row(struct page *page, const struct listing_endpoint *endpoint,
                        const struct listing_address *address, const char *id)
{
	const char *health = address ? address->health : endpoint->health;
	char words[WORDS_TIME_MAX];
	struct table_row row = { .cell = { id, health, address ? address->address : "-",
		                           latency_words(endpoint, address, words),
		                           address ? address->last_error : "" },
		                 .colour = { [HEALTH] = health_colour(health) } };

	page_row(page, &page->endpoints, row, endpoint_words);
}

static void endpoint_rows(struct page *page, const struct listing_endpoint *endpoint, bool active)
{
	char id[ID_WORDS_MAX];

	/* As in words.c: printf() takes its time, and there are thousands. */
	id[0] = active ? '*' : '-';
	id[1] = ' ';
	stpncpy(id + 2, endpoint->id, sizeof(id) - 3)[0] = '\0';
	for (size_t i = 0; i < endpoint->address_count; i++)
		address_row(page, endpoint, &endpoint->addresses[i], i ? NULL : id);
	if (endpoint->address_count == 0)
		address_row(page, endpoint, NULL, id);
	if (*endpoint->error)
		page_row(page, &page->endpoints,
		         (struct table_row){ .cell = { [ERROR] = endpoint->error } },
		         endpoint_words);
}

static void record_row(struct page *page, const struct listing_record *record)
{
	const char *answer =
	        *record->answer ? record->answer : answer_none(record->active, record->all_down);
	char age[WORDS_TIME_MAX] = "-";
	int verdict = verdict_record(record);

	if (record->since)
		words_duration(page->style->now - record->since, age);
	page_row(page, &page->records,
	         (struct table_row){ .cell = { record->name, answer,
	                                       *record->active ? record->active : "-", age,
	                                       record->reason },
	                             .colour = { TERMINAL_BOLD, NULL,
	                                         verdict == CLI_DONE        ? TERMINAL_GREEN
	                                         : verdict == CLI_UNHEALTHY ? TERMINAL_RED
	                                                                    : TERMINAL_YELLOW } },
	         record_words);
}

static void page_records(struct page *page, const struct listing *listing)
{
	struct table_row titles = { .cell = { "NAME", "ANSWER", "ENDPOINT", "SINCE" } };
	/* The first one begins below the ids, which have a mark before them. */
	struct table_row below = { .cell = { "  ENDPOINT", "HEALTH", "ADDRESS", "LATENCY" } };

	titles.cell[WHY] = page->records.last_below ? NULL : "WHY";
	below.cell[ERROR] = page->endpoints.last_below ? NULL : "LAST ERROR";
	page_row(page, &page->records, titles, record_words);
	page_row(page, &page->endpoints, below, endpoint_words);
	for (size_t i = 0; i < listing->record_count; i++) {
		const struct listing_record *record = &listing->records[i];

		record_row(page, record);
		for (size_t j = 0; j < record->endpoint_count; j++)
			endpoint_rows(page, &record->endpoints[j],
			              strcmp(record->endpoints[j].id, record->active) == 0);
	}
}

void status_print(const struct listing *listing, const struct status_style *style, FILE *out)
{
	struct page page = { .records = { .floor = { 15, 39, 12 } },
		             .endpoints = { .indent = 2, .floor = { 14 } },
		             .style = style };

	if (listing->record_count == 0) {
		fputs("No names are managed.\n", out);
		return;
	}
	page_records(&page, listing);
	table_fit(&page.records, style->width);
	table_fit(&page.endpoints, style->width);
	page.out = out;
	page_records(&page, listing);
	if (!listing->settled)
		fputs("The daemon has just started: its first checks are under way.\n", out);
	if (listing->isolated)
		fputs("This host is isolated: nothing beyond it answers, so the answers hold.\n",
		      out);
}

/* --- the command -------------------------------------------------------------------------------- */

int status_ask(const char *control, const char *name, struct listing *listing,
               char error[API_ERROR_MAX])
{
	char *path = api_only("/v1/status?format=tsv", name), *text;
	int result;

	if (!path) {
		snprintf(error, API_ERROR_MAX, "out of memory");
		return CLI_OUTPUT;
	}
	result = api_get_text(control, path, &text, error);
	free(path);
	if (result == CLI_DONE && !listing_read(listing, text))
		result = api_stranger(control, error);
	return result;
}

static int show_table(const char *control, const char *name)
{
	static char buffer[OUTPUT_BUFFER];
	const struct status_style style = { .width = terminal_width(stdout),
		                            .colours = terminal_colours(stdout),
		                            .now = time(NULL) };
	char error[API_ERROR_MAX];
	struct listing listing;
	int result = status_ask(api_control(control), name, &listing, error);

	if (result != CLI_DONE) {
		cli_error("%s", error);
		return result;
	}
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	status_print(&listing, &style, stdout);
	result = cli_finish(verdict_listing(&listing));
	listing_free(&listing);
	return result;
}

static int show_json(const char *control, const char *name)
{
	json_t *status;
	int result = record_status(control, name, &status);

	if (result != CLI_DONE)
		return result;
	json_dumpf(status, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	putchar('\n');
	result = cli_finish(verdict_json(status));
	json_decref(status);
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
	struct operands operands;

	if (!options_parse(command->name, rows, false, argc, argv, &operands))
		return CLI_USAGE;
	if (help)
		return cli_help(command);
	if (!record_operand(command, &operands, false))
		return CLI_USAGE;
	if (follows && as_json)
		return cli_usage(command->name,
		                 "--follow draws a table; 'shunt watch --json' tells changes");
	if (follows)
		return follow_run(api_control(control), operands.list[0]);
	return as_json ? show_json(control, operands.list[0])
	               : show_table(control, operands.list[0]);
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
