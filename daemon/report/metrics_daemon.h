/* The metrics of the daemon as a whole. */
#ifndef SHUNT_REPORT_METRICS_DAEMON_H
#define SHUNT_REPORT_METRICS_DAEMON_H

#include <stdio.h>

#include "config/config.h"
#include "report/metrics_sources.h"

struct metrics_daemon {
	const char *name, *type, *help;
	/* One of them: */
	double (*value)(const struct metrics_sources *sources); /* of its only line */
	void (*lines)(FILE *out, const char *metric, const struct metrics_sources *sources);
	/* Writes the lines of one type of check, which are a piece of their own: there are many. */
	void (*of_type)(FILE *out, const char *metric, const struct metrics_sources *sources,
	                enum check_type type);
};

#define METRICS_TYPES CHECK_CALCULATED /* those before it; calculated checks do not probe */

/* Ends with a NULL name. */
extern const struct metrics_daemon metrics_daemon[];

#endif
