#include "show/event_line.h"

#include <stdlib.h>
#include <string.h>

#include "api/record.h"
#include "base/human.h"
#include "show/terminal.h"

/* The first matching row is used; NULL matches anything. */
static const struct {
	const char *type, *to, *level, *colour;
} colours_of[] = {
	{ "health", "down", NULL, TERMINAL_RED },
	{ "health", "up", NULL, TERMINAL_GREEN },
	{ NULL, NULL, "warning", TERMINAL_YELLOW },
};

static bool fits(const char *wanted, const json_t *event, const char *key)
{
	return !wanted || strcmp(wanted, record_field(event, key)) == 0;
}

static const char *colour_of(const json_t *event)
{
	for (size_t i = 0; i < sizeof(colours_of) / sizeof(colours_of[0]); i++)
		if (fits(colours_of[i].type, event, "type") &&
		    fits(colours_of[i].to, event, "to") &&
		    fits(colours_of[i].level, event, "level"))
			return colours_of[i].colour;
	return NULL;
}

/* The time of day of "2026-11-27T03:02:11Z". */
static const char *short_time(const char *time, char text[16])
{
	const char *clock = strchr(time, 'T');

	snprintf(text, 16, "%.8s", clock ? clock + 1 : "");
	return text;
}

void event_line_print(const json_t *event, bool colours, size_t width, FILE *out)
{
	const char *colour = colours ? colour_of(event) : NULL;
	const char *time = record_field(event, "time");
	char *text, clock[16];

	if (asprintf(&text, "%s %s", width > 0 ? short_time(time, clock) : time,
	             record_field(event, "text")) < 0)
		return;
	human_printable(text);
	if (width > 0 && strlen(text) > width)
		text[width] = '\0';
	if (colour)
		fprintf(out, "\033[%sm%s\033[0m\n", colour, text);
	else
		fprintf(out, "%s\n", text);
	free(text);
}
