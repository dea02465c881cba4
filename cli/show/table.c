#include "show/table.h"

#include <string.h>

#define GAP 2u        /* spaces between columns */
#define LAST_MIN 20u  /* with less than this the last column is hard to read */
#define FIRST_MAX 30u /* minimum of the first column, if it has to be narrowed */
#define LAST (TABLE_COLUMNS - 1)

static size_t longest_word(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (length > longest)
			longest = length;
		text += length;
		text += strspn(text, " ");
	}
	return longest;
}

void table_measure(struct table *table, const struct table_row *row, const bool *words)
{
	for (size_t i = 0; i < TABLE_COLUMNS; i++) {
		size_t length = 0;

		if (row->cell[i])
			length = words[i] ? longest_word(row->cell[i]) : strlen(row->cell[i]);
		if (length > table->width[i])
			table->width[i] = length;
	}
}

/* The width of the columns before the last one, including their gaps. */
static size_t before_last(const struct table *table)
{
	size_t sum = table->indent;

	for (size_t i = 0; i < LAST; i++)
		sum += table->width[i] + GAP;
	return sum;
}

static void give_way(struct table *table, size_t excess)
{
	size_t before = table->width[0];

	for (size_t i = 0; i < LAST && excess > 0; i++) {
		size_t spare = table->floor[i] && table->width[i] > table->floor[i]
		                       ? table->width[i] - table->floor[i]
		                       : 0;
		size_t taken = spare < excess ? spare : excess;

		table->width[i] -= taken;
		excess -= taken;
	}
	/*
	 * A cell that does not fit there is printed above its row: a wide column would be mostly
	 * empty.
	 */
	if (table->width[0] < before && table->width[0] > FIRST_MAX)
		table->width[0] = FIRST_MAX;
}

void table_fit(struct table *table, size_t total)
{
	size_t want = table->width[LAST] < LAST_MIN ? table->width[LAST] : LAST_MIN;
	size_t used = before_last(table);

	table->total = total;
	if (used + want > total) {
		struct table narrow = *table;

		give_way(&narrow, used + want - total);
		narrow.last_below = before_last(&narrow) + want > total;
		if (narrow.last_below && used - GAP > total)
			give_way(table, used - GAP - total);
		else if (!narrow.last_below)
			*table = narrow;
		table->last_below = narrow.last_below;
		used = before_last(table);
	}
	if (!table->last_below && used + table->width[LAST] > total)
		table->width[LAST] = total - used;
}

/*
 * How much of `text` fits into `width` columns: up to the last space, else dot, that fits, else all
 * that fits.
 */
static size_t piece(const char *text, size_t width)
{
	size_t length = strlen(text), at;

	if (length <= width)
		return length;
	for (at = width; at > 0 && text[at] != ' '; at--)
		;
	if (at > 0)
		return at;
	for (at = width; at > 1 && text[at - 1] != '.'; at--)
		;
	return at > 1 ? at : width;
}

/* For thousands of cells, a call of stdio for each would be too slow. */
struct line {
	FILE *out;
	size_t length;
	char bytes[512];
};

static void flush(struct line *line)
{
	fwrite_unlocked(line->bytes, 1, line->length, line->out);
	line->length = 0;
}

static void add(struct line *line, const char *text, size_t length)
{
	for (size_t n; length > 0; text += n, length -= n) {
		if (line->length == sizeof(line->bytes))
			flush(line);
		n = sizeof(line->bytes) - line->length;
		n = length < n ? length : n;
		memcpy(line->bytes + line->length, text, n);
		line->length += n;
	}
}

static void add_cell(struct line *line, const char *text, size_t length, const char *colour)
{
	if (!colour) {
		add(line, text, length);
		return;
	}
	add(line, "\033[", 2);
	add(line, colour, strlen(colour));
	add(line, "m", 1);
	add(line, text, length);
	add(line, "\033[0m", 4);
}

static void add_spaces(struct line *line, size_t count)
{
	static const char spaces[] = "                                ";

	for (size_t n; count > 0; count -= n) {
		n = count < sizeof(spaces) - 1 ? count : sizeof(spaces) - 1;
		add(line, spaces, n);
	}
}

static void end(struct line *line)
{
	add(line, "\n", 1);
	flush(line);
}

static const char *skip_spaces(const char *text)
{
	return text + strspn(text, " ");
}

/*
 * Prints one line of each cell's text and advances the cells. Returns false when nothing is left.
 */
static bool print_line(const struct table *table, struct table_row *rest, size_t columns, FILE *out)
{
	size_t column = table->indent, written = 0;
	struct line line;
	bool any = false;

	line.out = out;
	line.length = 0;
	for (size_t i = 0; i < columns; column += table->width[i++] + GAP) {
		const char *text = rest->cell[i];
		size_t length = text ? piece(text, table->width[i]) : 0;

		if (length == 0)
			continue;
		add_spaces(&line, column - written);
		add_cell(&line, text, length, rest->colour[i]);
		written = column + length;
		rest->cell[i] = skip_spaces(text + length);
		any = true;
	}
	if (any)
		end(&line);
	return any;
}

/* On lines of its own, from column to column. */
static void print_whole(const char *text, const char *colour, size_t indent, size_t total,
                        FILE *out)
{
	struct line line;
	size_t length;

	line.out = out;
	line.length = 0;
	for (; (length = piece(text, total - indent)); text = skip_spaces(text + length)) {
		add_spaces(&line, indent);
		add_cell(&line, text, length, colour);
		end(&line);
	}
}

void table_print(const struct table *table, const struct table_row *row, FILE *out)
{
	struct table_row rest = *row;
	size_t columns = table->last_below ? LAST : TABLE_COLUMNS;

	/*
	 * A long name is easier to read and to copy in one piece; the rest of its row is printed
	 * below it.
	 */
	if (rest.cell[0] && strlen(rest.cell[0]) > table->width[0]) {
		print_whole(rest.cell[0], rest.colour[0], table->indent, table->total, out);
		rest.cell[0] = NULL;
	}
	while (print_line(table, &rest, columns, out))
		;
	if (table->last_below && rest.cell[LAST])
		print_whole(rest.cell[LAST], rest.colour[LAST], table->indent + 2 * GAP,
		            table->total, out);
}
