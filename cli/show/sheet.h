/*
 * Rows of several tables that are printed between each other, such as records with their endpoints: they
 * are kept until the widths of all are known. Pure, but for sheet_print().
 *
 *   sheet_add()     for each row, in order
 *   sheet_print()   fits the tables, prints the rows and frees them
 */
#ifndef SHUNT_CLI_SHOW_SHEET_H
#define SHUNT_CLI_SHOW_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "show/table.h"

/* Zeros at first. */
struct sheet {
	struct sheet_row *rows;
	size_t count, room;
	bool failed; /* out of memory: rows are missing */
};

/*
 * Copies the row's cells, and makes them printable. `table` outlives the sheet. Without `row` there
 * is an empty line.
 */
void sheet_add(struct sheet *sheet, struct table *table, const struct table_row *row);

/* Returns false if out of memory; then what there is has been printed. */
bool sheet_print(struct sheet *sheet, size_t width, bool colours, FILE *out);

#endif
