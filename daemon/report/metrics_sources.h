/*
 * The sources of the metrics: each module provides its counters. Valid as long as the daemon runs.
 */
#ifndef SHUNT_REPORT_METRICS_SOURCES_H
#define SHUNT_REPORT_METRICS_SOURCES_H

#include <time.h>

struct clients_counts;
struct door;
struct reports_counts;
struct monitor;
struct notify;
struct probe_tally;
struct reload_history;
struct reset;
struct state_counts;
struct watch_counts;

struct metrics_sources {
	const struct monitor *monitor;
	const struct probe_tally *probes;
	const struct clients_counts *clients;
	const struct reports_counts *reports;
	const struct watch_counts *watches;
	const struct reload_history *reloads;
	const struct notify *notify;
	const struct door *door;          /* NULL: a private daemon */
	const struct reset *reset;        /* NULL: nothing is reset */
	const struct state_counts *state; /* NULL: no state is saved */
	time_t started;                   /* wall clock */
};

#endif
