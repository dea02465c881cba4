/* The metrics of the daemon as a whole. */
#ifndef SHUNT_REPORT_METRICS_DAEMON_H
#define SHUNT_REPORT_METRICS_DAEMON_H

#include <stdio.h>

#include "config/config.h"
#include "report/metrics_sources.h"

struct metrics_daemon {
	const char *name, *type, *help;
	/* One of the following three is set. value() is that of a metric with a single line. */
	double (*value)(const struct metrics_sources *sources);
	void (*lines)(FILE *out, const char *metric, const struct metrics_sources *sources);
	/*
	 * Writes the lines for one type of check. Each type is a separate piece because there are
	 * many lines.
	 */
	void (*of_type)(FILE *out, const char *metric, const struct metrics_sources *sources,
	                enum check_type type);
};

/* The types before this one; calculated checks do not probe. */
#define METRICS_TYPES CHECK_CALCULATED

/* The last element has a NULL name. */
extern const struct metrics_daemon metrics_daemon[];

#endif
