/*
 * Plain-text tables limited to a width: a cell that does not fit its column continues on the next
 * line; a first cell that is too long is printed on lines of its own above the others. Nothing is
 * truncated.
 *
 * Usage: table_measure() collects natural widths, table_fit() makes them fit, table_print() prints
 * a row.
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
	/*
	 * Minimum widths when columns are narrowed, the first ones first. 0: a fixed column. The
	 * last column gets what is left.
	 */
	size_t floor[TABLE_COLUMNS];
	bool last_below; /* the last column has no room: it is printed on lines of its own */
	size_t total;    /* total columns */
};

struct table_row {
	const char *cell[TABLE_COLUMNS];   /* NULL: empty. A cell may be broken at spaces */
	const char *colour[TABLE_COLUMNS]; /* SGR parameters of ECMA-48, "31"; NULL: none */
};

/*
 * Widens the columns for this row. Of a cell that may be broken (`words`) only the longest word
 * counts.
 */
void table_measure(struct table *table, const struct table_row *row, const bool *words);

void table_fit(struct table *table, size_t total);

void table_print(const struct table *table, const struct table_row *row, FILE *out);

#endif
