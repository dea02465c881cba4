/*
 * The daemon's metrics in Prometheus format.
 *
 *   metrics          the pieces, in order
 *   metrics_daemon   metrics of the daemon as a whole
 *   metrics_record   metrics with lines for each record
 *   metrics_text     formatting of a line
 *
 * No counting is done here: each module counts its own activity since its start and provides its
 * counters. All lines of a metric must be adjacent, so each per-record metric iterates over all
 * records, one in each piece; the loop runs between pieces, however many records there are.
 *
 * Metric names are a stable interface for users with alerts on them, documented in shuntd(8). They
 * are only ever added.
 */
#ifndef SHUNT_REPORT_METRICS_H
#define SHUNT_REPORT_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/metrics_sources.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * The piece with that number, which is never empty: a metric of the daemon, or a part of a long
 * one; the head of a per-record metric; or its lines for one record. The caller frees the text;
 * NULL if out of memory.
 */
char *metrics_piece(const struct metrics_sources *sources, size_t step, bool *last);

#endif
