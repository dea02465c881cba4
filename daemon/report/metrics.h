/*
 * The daemon as Prometheus reads it.
 *
 *   metrics          the pieces, in order
 *   metrics_daemon   metrics of the daemon as a whole
 *   metrics_record   metrics with lines for each record
 *   metrics_text     how a line is written
 *
 * Nothing is counted here: each part counts what it does, from its start on, and lends its counts. All lines of a metric stand
 * together, so each metric of records goes over all of them, one a piece: however many there are, the loop turns in between.
 *
 * Names are a contract with whoever has alerts on them, documented in shuntd(8). They are only ever added.
 */
#ifndef SHUNT_REPORT_METRICS_H
#define SHUNT_REPORT_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/metrics_sources.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * The piece of that number, never empty: a metric of the daemon's, or a part of a long one, the head of one of records, or its lines for one record. NULL: no
 * memory. The caller frees.
 */
char *metrics_piece(const struct metrics_sources *sources, size_t step, bool *last);

#endif
