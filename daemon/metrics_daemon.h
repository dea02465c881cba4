/* The metrics of the daemon as a whole. */
#ifndef SHUNT_METRICS_DAEMON_H
#define SHUNT_METRICS_DAEMON_H

#include <stdio.h>

#include "metrics.h"

struct metrics_daemon {
	const char *name, *type, *help;
	/* Writes all lines. */
	void (*lines)(FILE *out, const char *metric, const struct metrics_sources *sources);
};

/* Ends with a NULL name. */
extern const struct metrics_daemon metrics_daemon[];

#endif
