#include "explain/step.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"

#define TITLE_MIN 9 /* columns, of "addresses": so that most explanations look alike */
#define DETAIL 2    /* spaces before a line; its continuation is indented by another two */

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

static const char *name_of(const json_t *step)
{
	return json_string_value(json_object_get(step, "step"));
}

void step_decide(json_t *steps, const char *name)
{
	json_t *step;
	size_t i;

	json_array_foreach (steps, i, step) {
		if (strcmp(name_of(step), name) == 0)
			json_object_set_new(step, "decided", json_true());
	}
}

/* Columns of the longest title. */
static size_t title_width(const json_t *steps)
{
	size_t width = TITLE_MIN, i;
	const json_t *step;

	json_array_foreach (steps, i, step) {
		if (strlen(name_of(step)) > width)
			width = strlen(name_of(step));
	}
	return width;
}

/* Returns the column after it, where the text begins. */
static size_t print_title(const json_t *step, size_t width, FILE *out)
{
	const bool decided = json_is_true(json_object_get(step, "decided"));
	const char *c = name_of(step);

	fputs(decided ? "> " : "  ", out);
	for (; *c; c++)
		putc(*c == '_' ? ' ' : toupper((unsigned char)*c), out);
	fprintf(out, "%*s", (int)(width - strlen(name_of(step)) + 2), "");
	return width + 4;
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

/* The cursor is in `column`. */
static void print_line(const char *text, size_t column, size_t width, FILE *out)
{
	size_t indent = strspn(text, " "), room = width - column, length;

	fprintf(out, "%*s", (int)indent, "");
	for (text += indent;; text += strspn(text, " ")) {
		length = piece(text, room - indent);
		fprintf(out, "%.*s\n", (int)length, text);
		text += length;
		if (!*text)
			return;
		indent = strspn(text, " ") ? DETAIL * (indent ? 2 : 1) : indent;
		fprintf(out, "%*s", (int)(column + indent), "");
	}
}

void step_print(const json_t *steps, size_t width, bool bold, FILE *out)
{
	const size_t titles = title_width(steps);
	json_t *step, *line;
	size_t i, k, column;

	json_array_foreach (steps, i, step) {
		bool decided = json_is_true(json_object_get(step, "decided"));

		if (bold && decided)
			fputs("\033[1m", out);
		column = print_title(step, titles, out);
		json_array_foreach (json_object_get(step, "text"), k, line) {
			if (k > 0)
				fprintf(out, "%*s", (int)column, "");
			print_line(json_string_value(line), column, width, out);
		}
		if (bold && decided)
			fputs("\033[0m", out);
	}
}
