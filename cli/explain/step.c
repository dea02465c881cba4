#include "explain/step.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"

#define TITLE_WIDTH 9  /* of the longest line: addresses */
#define TEXT_COLUMN 13 /* mark, title, gap */
#define DETAIL 2       /* spaces before a line; its continuation is indented by another two */

json_t *step_add(json_t *steps, const char *name)
{
	json_t *step = json_pack("{s:s, s:b, s:[]}", "step", name, "decided", 0, "text");

	json_array_append_new(steps, step);
	return step;
}

void step_say(json_t *step, const char *format, ...)
{
	va_list args;
	char *line;
	int length;

	va_start(args, format);
	length = vasprintf(&line, format, args);
	va_end(args);
	if (length < 0)
		return;
	json_array_append_new(json_object_get(step, "text"), json_string(human_printable(line)));
	free(line);
}

void step_decide(json_t *steps, const char *name)
{
	json_t *step;
	size_t i;

	json_array_foreach (steps, i, step) {
		if (strcmp(json_string_value(json_object_get(step, "step")), name) == 0)
			json_object_set_new(step, "decided", json_true());
	}
}

static void print_title(const json_t *step, bool decided, FILE *out)
{
	const char *name = json_string_value(json_object_get(step, "step"));
	char title[TITLE_WIDTH + 1];
	size_t i;

	for (i = 0; i < TITLE_WIDTH && name[i]; i++)
		title[i] = (char)(name[i] == '_' ? ' ' : toupper((unsigned char)name[i]));
	title[i] = '\0';
	fprintf(out, "%c %-*s  ", decided ? '>' : ' ', TITLE_WIDTH, title);
}

/*
 * How much of the text fits into `width` columns: up to the last space that fits, else all that
 * fits.
 */
static size_t piece(const char *text, size_t width)
{
	size_t length = strlen(text), at = width;

	if (length <= width)
		return length;
	while (at > 0 && text[at] != ' ')
		at--;
	return at ? at : width;
}

/* The cursor is in TEXT_COLUMN. */
static void print_line(const char *text, size_t width, FILE *out)
{
	size_t indent = strspn(text, " "), room = width - TEXT_COLUMN, length;

	fprintf(out, "%*s", (int)indent, "");
	for (text += indent;; text += strspn(text, " ")) {
		length = piece(text, room - indent);
		fprintf(out, "%.*s\n", (int)length, text);
		text += length;
		if (!*text)
			return;
		indent = strspn(text, " ") ? DETAIL * (indent ? 2 : 1) : indent;
		fprintf(out, "%*s", (int)(TEXT_COLUMN + indent), "");
	}
}

void step_print(const json_t *steps, size_t width, bool bold, FILE *out)
{
	json_t *step, *line;
	size_t i, k;

	json_array_foreach (steps, i, step) {
		bool decided = json_is_true(json_object_get(step, "decided"));

		if (bold && decided)
			fputs("\033[1m", out);
		print_title(step, decided, out);
		json_array_foreach (json_object_get(step, "text"), k, line) {
			if (k > 0)
				fprintf(out, "%*s", TEXT_COLUMN, "");
			print_line(json_string_value(line), width, out);
		}
		if (bold && decided)
			fputs("\033[0m", out);
	}
}
