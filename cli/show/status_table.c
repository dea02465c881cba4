#include "show/status_table.h"

#include <string.h>

#include "base/cli.h"
#include "base/human.h"
#include "show/answer.h"
#include "show/table.h"
#include "show/terminal.h"
#include "show/verdict.h"

#define HEALTH_WORDS_MAX 32
#define ID_WORDS_MAX 80 /* a mark, a space and an id (SHUNT_ID_MAX) */

enum { NAME, ANSWER, ENDPOINT, SINCE, WHY };
enum { ID, HEALTH, ADDRESS, LATENCY, ERROR };

static const bool record_words[TABLE_COLUMNS] = { [ANSWER] = true };
static const bool endpoint_words[TABLE_COLUMNS] = { false };

struct page {
	struct table records, endpoints;
	const struct status_table_style *style;
	FILE *out; /* NULL: measuring the widths */
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

/*
 * There is no latency without a check; none is shown while probes fail, since an old one would
 * mislead.
 */
static const char *latency_words(const struct listing_endpoint *endpoint,
                                 const struct listing_address *address, char words[HUMAN_TIME_MAX])
{
	if (!*endpoint->check)
		return "no check";
	if (!address || address->latency_ms < 0 || *address->last_error)
		return "-";
	return human_latency(address->latency_ms, words);
}

/*
 * "up, watched": a connection to it is held, so that its end is seen at once. None is held to what is
 * down, and none is wanted before a probe has passed.
 */
static const char *health_words(const char *health, const char *watch, char words[HEALTH_WORDS_MAX])
{
	if (!*watch || strcmp(health, "up") != 0)
		return health;
	snprintf(words, HEALTH_WORDS_MAX, "%s, %s", health,
	         strcmp(watch, "held") == 0 ? "watched" : "not watched");
	return words;
}

/* `address` is NULL for an endpoint without addresses. */
static void address_row(struct page *page, const struct listing_endpoint *endpoint,
                        const struct listing_address *address, const char *id)
{
	const char *health = address ? address->health : endpoint->health;
	char words[HUMAN_TIME_MAX], health_text[HEALTH_WORDS_MAX];
	struct table_row row = {
		.cell = { id, health_words(health, address ? address->watch : "", health_text),
		          address ? address->address : "-", latency_words(endpoint, address, words),
		          address ? address->last_error : "" },
		.colour = { [HEALTH] = terminal_health_colour(health) }
	};

	page_row(page, &page->endpoints, row, endpoint_words);
}

static void endpoint_rows(struct page *page, const struct listing_endpoint *endpoint, bool active)
{
	char id[ID_WORDS_MAX];

	/* As in human.c: printf() is slow, and there are thousands of lines. */
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
	char age[HUMAN_TIME_MAX] = "-";
	int verdict = verdict_record(record);

	if (record->since)
		human_duration(page->style->now - record->since, age);
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
	/* The first column begins below the ids, which follow a mark. */
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

/* What concerns no name in particular. */
static void print_notes(const struct listing *listing, FILE *out)
{
	if (!listing->settled)
		fputs("The daemon has just started: its first checks are under way.\n", out);
	if (listing->isolated)
		fputs("This host is isolated: nothing beyond it answers. Lost names keep their "
		      "answers.\n",
		      out);
	if (*listing->reset_error)
		fprintf(out, "Open connections cannot be reset: %s.\n", listing->reset_error);
	if (*listing->fleet_error)
		fprintf(out, "This host has no part in its fleet: %s.\n", listing->fleet_error);
	for (size_t i = 0; i < listing->door_count; i++) {
		const struct listing_door *door = &listing->doors[i];

		fprintf(out, "Door of %s: %s%s%s.\n", door->cgroup, door->state,
		        *door->reason ? ", " : "", door->reason);
	}
}

void status_table_print(const struct listing *listing, const struct status_table_style *style,
                        FILE *out)
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
	print_notes(listing, out);
}
