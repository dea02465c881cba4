/*
 * Tables in plain text that keep to a width: what does not fit its column goes on in the next line, a first cell that is too
 * long stands on lines of its own above the others. Nothing is lost.
 *
 * Natural widths are gathered with table_measure(), table_fit() makes them fit, table_print() prints a row.
 */
#ifndef SHUNT_CLI_SHOW_TABLE_H
#define SHUNT_CLI_SHOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS 5

struct table {
	size_t indent;
	size_t width[TABLE_COLUMNS];
	/* Columns give way down to these widths, the earlier ones first. 0: it does not. The last one takes what is left. */
	size_t floor[TABLE_COLUMNS];
	bool last_below; /* the last column found no room: it stands on lines of its own */
	size_t total;    /* columns of the page */
};

struct table_row {
	const char *cell[TABLE_COLUMNS];   /* NULL: empty. Spaces are where a cell may be broken */
	const char *colour[TABLE_COLUMNS]; /* SGR parameters of ECMA-48, "31"; NULL: none */
};

/* Widens the columns for this row. Of a cell that may be broken (`words`) only its longest word counts. */
void table_measure(struct table *table, const struct table_row *row, const bool *words);

void table_fit(struct table *table, size_t total);

void table_print(const struct table *table, const struct table_row *row, FILE *out);

#endif
