#include "show/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/human.h"
#include "show/event_line.h"
#include "show/terminal.h"
#include "show/verdict.h"

#define EVENTS_SHARE 4u /* one line in this many is for events, if the table needs the others */
#define EVENTS_MIN 3u
#define ROWS_SMALL 10u /* a window with fewer lines has no room for events */

/* --- the head --------------------------------------------------------------------------------- */

static size_t count(const struct listing *listing, int verdict)
{
	size_t found = 0;

	for (size_t i = 0; i < listing->record_count; i++)
		found += verdict_record(&listing->records[i]) == verdict;
	return found;
}

/* "3 names: 1 unhealthy, 1 not on the primary" */
static void print_summary(const struct listing *listing, FILE *out)
{
	size_t names = listing->record_count;
	size_t unhealthy = count(listing, CLI_UNHEALTHY), elsewhere = count(listing, CLI_ELSEWHERE);

	fprintf(out, "%zu %s: ", names, names == 1 ? "name" : "names");
	if (unhealthy)
		fprintf(out, "%zu unhealthy%s", unhealthy, elsewhere ? ", " : "");
	if (elsewhere)
		fprintf(out, "%zu not on the primary", elsewhere);
	if (!unhealthy && !elsewhere)
		fprintf(out, "%son the primary", names > 1 ? "all " : "");
}

static void print_head(const struct page_view *view, FILE *out)
{
	const char *on = "", *off = "";
	char age[HUMAN_TIME_MAX], clock[16] = "";
	struct tm tm;

	if (gmtime_r(&view->style.now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	fprintf(out, "shunt  %s UTC  (q ends)  ", clock);
	if (!view->trouble) {
		print_summary(view->listing, out);
		fputs("\n\n", out);
		return;
	}
	if (view->style.colours) {
		on = "\033[" TERMINAL_RED "m";
		off = "\033[0m";
	}
	fprintf(out, "%sno update for %s%s: the table shows the last known state\n%s\n", on,
	        human_duration(view->style.now - view->trouble_since, age), off, view->trouble);
}

/* --- the table -------------------------------------------------------------------------------- */

/*
 * The records sorted by severity, then in the order of the configuration. Returns NULL if out of
 * memory. The caller frees it.
 */
static struct listing_record *worst_first(const struct listing *listing)
{
	static const int verdicts[] = { CLI_UNHEALTHY, CLI_ELSEWHERE, CLI_DONE };
	struct listing_record *sorted = calloc(listing->record_count + 1, sizeof(*sorted));
	size_t count = 0;

	for (size_t k = 0; sorted && k < sizeof(verdicts) / sizeof(verdicts[0]); k++)
		for (size_t i = 0; i < listing->record_count; i++)
			if (verdict_record(&listing->records[i]) == verdicts[k])
				sorted[count++] = listing->records[i];
	return sorted;
}

static char *table(const struct listing *listing, const struct status_table_style *style)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	status_table_print(listing, style, stream);
	fclose(stream);
	return text;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* The first lines of the table. */
static void print_lines(const char *text, size_t most, FILE *out)
{
	const char *end = text;

	while (most-- > 0 && *end)
		end = strchr(end, '\n') + 1;
	fwrite(text, 1, (size_t)(end - text), out);
}

static void print_cut(const struct page_view *view, size_t rows, FILE *out)
{
	struct listing sorted = *view->listing;
	char *text = NULL;

	sorted.records = worst_first(view->listing);
	if (sorted.records && rows > 0)
		text = table(&sorted, &view->style);
	if (text) {
		print_lines(text, rows - 1, out);
		fprintf(out, "... and %zu more lines; a taller window shows them\n",
		        lines(text) - (rows - 1));
	}
	free(text);
	free(sorted.records);
}

/*
 * --- the page -----------------------------------------------------------------------------------
 */

static void print_events(const struct page_view *view, size_t rows, FILE *out)
{
	size_t events = json_array_size(view->events);

	if (rows == 0)
		return;
	fputs("\nLAST EVENTS\n", out);
	for (size_t i = events > rows ? events - rows : 0; i < events; i++)
		event_line_print(json_array_get(view->events, i), view->style.colours,
		                 view->style.width, out);
}

/*
 * The number of events to show, below two more lines, if `room` lines are left and the table needs
 * `wanted` of them.
 */
static size_t events_share(size_t events, size_t room, size_t wanted)
{
	size_t share = room / EVENTS_SHARE;

	if (share < EVENTS_MIN)
		share = EVENTS_MIN;
	if (room > wanted + 2 && room - wanted - 2 > share)
		share = room - wanted - 2;
	return events < share ? events : share;
}

void page_print(const struct page_view *view, FILE *out)
{
	const size_t head = 2, room = view->rows > head ? view->rows - head : 0;
	char *text = table(view->listing, &view->style);
	size_t wanted = text ? lines(text) : 0, events = 0, rest = room;

	if (view->rows >= ROWS_SMALL)
		events = events_share(json_array_size(view->events), room, wanted);
	if (events > 0)
		rest -= events + 2;
	print_head(view, out);
	if (text && wanted <= rest)
		fputs(text, out);
	else
		print_cut(view, rest, out);
	print_events(view, events, out);
	free(text);
}
