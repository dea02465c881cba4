/*
 * The monitor as Prometheus reads it: the text format, version 0.0.4. All lines of a metric stand together, so each metric goes over all
 * records.
 *
 * Names are a contract with whoever has alerts on them, documented in shuntd(8). They are only ever added.
 */
#ifndef SHUNT_METRICS_H
#define SHUNT_METRICS_H

#include <stdbool.h>
#include <stddef.h>

struct monitor;

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The piece of that number, never empty: the head of a metric, or its lines for one record. NULL: no memory. The caller frees. */
char *metrics_piece(const struct monitor *monitor, size_t step, bool *last);

#endif
