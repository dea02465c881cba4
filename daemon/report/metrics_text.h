/*
 * Prometheus' text format, version 0.0.4, line by line. A metric's lines directly follow its head
 * and appear nowhere else.
 */
#ifndef SHUNT_REPORT_METRICS_TEXT_H
#define SHUNT_REPORT_METRICS_TEXT_H

#include <stdio.h>

#include "base/histogram.h"

/* The last element has a NULL name; the value may be any text. */
struct metrics_label {
	const char *name, *value;
};

#define METRICS_LABELS_MAX 4 /* including the last element */

/* `type`: "gauge", "counter", "histogram". */
void metrics_text_head(FILE *out, const char *metric, const char *type, const char *help);

/* `labels` is NULL if there are none. */
void metrics_text_line(FILE *out, const char *metric, const struct metrics_label *labels,
                       double value);

/* Buckets, sum and count, in seconds. `label` is NULL if there is no label besides "le". */
void metrics_text_histogram(FILE *out, const char *metric, const struct metrics_label *label,
                            const struct histogram *histogram);

#endif
