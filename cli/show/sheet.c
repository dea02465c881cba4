#include "show/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "base/human.h"

struct sheet_row {
	struct table *table; /* NULL: an empty line */
	char *cell[TABLE_COLUMNS];
	const char *colour[TABLE_COLUMNS];
};

static struct sheet_row *add(struct sheet *sheet)
{
	size_t room = sheet->room ? 2 * sheet->room : 32;
	struct sheet_row *rows;

	if (sheet->count == sheet->room) {
		rows = realloc(sheet->rows, room * sizeof(*rows));
		if (!rows)
			return NULL;
		sheet->rows = rows;
		sheet->room = room;
	}
	rows = &sheet->rows[sheet->count++];
	*rows = (struct sheet_row){ .table = NULL };
	return rows;
}

void sheet_add(struct sheet *sheet, struct table *table, const struct table_row *row)
{
	static const bool words[TABLE_COLUMNS];
	struct sheet_row *kept = add(sheet);

	sheet->failed |= !kept;
	if (!kept || !row)
		return;
	kept->table = table;
	for (size_t i = 0; i < TABLE_COLUMNS; i++) {
		kept->colour[i] = row->colour[i];
		kept->cell[i] = row->cell[i] ? strdup(row->cell[i]) : NULL;
		sheet->failed |= row->cell[i] && !kept->cell[i];
		if (kept->cell[i])
			human_printable(kept->cell[i]);
	}
	table_measure(table, row, words);
}

/* Once for each table, at its first row. */
static void fit(const struct sheet *sheet, size_t width)
{
	for (size_t i = 0; i < sheet->count; i++) {
		if (sheet->rows[i].table && sheet->rows[i].table->total == 0)
			table_fit(sheet->rows[i].table, width);
	}
}

static void print(struct sheet_row *kept, bool colours, FILE *out)
{
	struct table_row row = { .cell = { NULL } };

	for (size_t i = 0; i < TABLE_COLUMNS; i++) {
		row.cell[i] = kept->cell[i];
		row.colour[i] = colours ? kept->colour[i] : NULL;
	}
	if (kept->table)
		table_print(kept->table, &row, out);
	else
		putc('\n', out);
	for (size_t i = 0; i < TABLE_COLUMNS; i++)
		free(kept->cell[i]);
}

bool sheet_print(struct sheet *sheet, size_t width, bool colours, FILE *out)
{
	fit(sheet, width);
	for (size_t i = 0; i < sheet->count; i++)
		print(&sheet->rows[i], colours, out);
	free(sheet->rows);
	return !sheet->failed;
}
