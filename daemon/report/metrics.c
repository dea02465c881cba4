#include "report/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "monitor/monitor.h"
#include "monitor/view.h"
#include "report/metrics_daemon.h"
#include "report/metrics_record.h"
#include "report/metrics_text.h"

/* Step 0 is the head, followed by one step for each record. */
static void write_record(FILE *out, const struct metrics_record *metric,
                         const struct monitor *monitor, size_t step)
{
	struct view_record record;

	if (step == 0) {
		metrics_text_head(out, metric->name, metric->type, metric->help);
		return;
	}
	monitor_read(monitor, step - 1, &record);
	metric->lines(out, metric->name, &record);
}

static size_t daemon_steps(const struct metrics_daemon *metric)
{
	return metric->of_type ? METRICS_TYPES : 1;
}

/* The first step includes the head. */
static void write_daemon(FILE *out, const struct metrics_daemon *metric,
                         const struct metrics_sources *sources, size_t step)
{
	if (step == 0)
		metrics_text_head(out, metric->name, metric->type, metric->help);
	if (metric->value)
		metrics_text_line(out, metric->name, NULL, metric->value(sources));
	else if (metric->of_type)
		metric->of_type(out, metric->name, sources, (enum check_type)step);
	else
		metric->lines(out, metric->name, sources);
}

/* Returns true after the last piece. */
static bool write_piece(FILE *out, const struct metrics_sources *sources, size_t step)
{
	/* Number of steps of a per-record metric. */
	const size_t steps = 1 + monitor_record_count(sources->monitor);
	const struct metrics_daemon *daemon = metrics_daemon;
	const struct metrics_record *record = metrics_record;

	for (; daemon->name && step >= daemon_steps(daemon); daemon++)
		step -= daemon_steps(daemon);
	if (daemon->name) {
		write_daemon(out, daemon, sources, step);
		return false;
	}
	for (; step >= steps; record++)
		step -= steps;
	write_record(out, record, sources->monitor, step);
	return !record[1].name && step == steps - 1;
}

char *metrics_piece(const struct metrics_sources *sources, size_t step, bool *last)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	*last = write_piece(out, sources, step);
	/* not every record has lines; callers skip an empty piece */
	if (ftell(out) == 0)
		putc('\n', out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
