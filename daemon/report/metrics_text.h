/* Prometheus' text format, version 0.0.4, line by line. A metric's lines follow its head, and stand nowhere else. */
#ifndef SHUNT_REPORT_METRICS_TEXT_H
#define SHUNT_REPORT_METRICS_TEXT_H

#include <stdio.h>

#include "base/histogram.h"

/* Ends with a NULL name; the value may be anything. */
struct metrics_label {
	const char *name, *value;
};

#define METRICS_LABELS_MAX 4 /* and the end */

/* `type`: "gauge", "counter", "histogram". */
void metrics_text_head(FILE *out, const char *metric, const char *type, const char *help);

/* `labels` NULL: none. */
void metrics_text_line(FILE *out, const char *metric, const struct metrics_label *labels,
                       double value);

/* Buckets, sum and count, in seconds. `label` NULL: none beside "le". */
void metrics_text_histogram(FILE *out, const char *metric, const struct metrics_label *label,
                            const struct histogram *histogram);

#endif
