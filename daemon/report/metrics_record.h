/* The metrics that have lines for each record. */
#ifndef SHUNT_REPORT_METRICS_RECORD_H
#define SHUNT_REPORT_METRICS_RECORD_H

#include <stdio.h>

struct view_record;

struct metrics_record {
	const char *name, *type, *help;
	/* Writes the record's lines; there may be none. */
	void (*lines)(FILE *out, const char *metric, const struct view_record *record);
};

/* The last element has a NULL name. */
extern const struct metrics_record metrics_record[];

#endif
