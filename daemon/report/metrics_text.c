#include "report/metrics_text.h"

#include <math.h>

void metrics_text_head(FILE *out, const char *metric, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

static void write_label(FILE *out, const char *before, const struct metrics_label *label)
{
	fprintf(out, "%s%s=\"", before, label->name);
	for (const char *c = label->value; *c; c++) {
		if (*c == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*c == '"' || *c == '\\')
			putc('\\', out);
		putc(*c, out);
	}
	putc('"', out);
}

void metrics_text_line(FILE *out, const char *metric, const struct metrics_label *labels,
                       double value)
{
	const char *before = "{";

	fputs(metric, out);
	for (; labels && labels->name; labels++) {
		write_label(out, before, labels);
		before = ",";
	}
	if (*before == ',')
		putc('}', out);
	if (isnan(value))
		fputs(" NaN\n", out);
	else
		fprintf(out, " %.15g\n", value);
}

void metrics_text_histogram(FILE *out, const char *metric, const struct metrics_label *label,
                            const struct histogram *histogram)
{
	char name[128], bound[32];
	struct metrics_label labels[] = { { "le", bound }, { NULL, NULL }, { NULL, NULL } };
	uint64_t count = 0;

	if (label)
		labels[1] = *label;
	snprintf(name, sizeof(name), "%s_bucket", metric);
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		count += histogram->counts[i];
		snprintf(bound, sizeof(bound), "+Inf");
		if (i < HISTOGRAM_BOUNDS)
			snprintf(bound, sizeof(bound), "%.15g",
			         (double)histogram_bounds_us[i] / 1e6);
		metrics_text_line(out, name, labels, (double)count);
	}
	snprintf(name, sizeof(name), "%s_sum", metric);
	metrics_text_line(out, name, label ? &labels[1] : NULL, (double)histogram->sum_us / 1e6);
	snprintf(name, sizeof(name), "%s_count", metric);
	metrics_text_line(out, name, label ? &labels[1] : NULL, (double)count);
}
