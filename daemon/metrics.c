#include "metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "monitor.h"

/* --- lines --------------------------------------------------------------------------------------- */

static void write_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*value == '"' || *value == '\\')
			putc('\\', out);
		putc(*value, out);
	}
	putc('"', out);
}

struct labels {
	const char *record, *endpoint;
	const struct address *address; /* NULL: the line is the endpoint's */
	const char *part;              /* NULL: it has none */
};

static void write_line(FILE *out, const char *metric, const struct labels *labels, double value)
{
	char text[ADDRESS_TEXT_MAX];

	fprintf(out, "%s{", metric);
	write_label(out, "record", labels->record);
	putc(',', out);
	write_label(out, "endpoint", labels->endpoint);
	if (labels->address) {
		putc(',', out);
		write_label(out, "address", address_format(labels->address, text));
	}
	if (labels->part) {
		putc(',', out);
		write_label(out, "part", labels->part);
	}
	if (isnan(value))
		fputs("} NaN\n", out);
	else
		fprintf(out, "} %.10g\n", value);
}

/* --- metrics ------------------------------------------------------------------------------------- */

/* Either is NULL. */
typedef double endpoint_value(const struct monitor_record *record, size_t endpoint);
/* Writes the lines of one address; returns how many. */
typedef unsigned address_lines(FILE *out, const char *metric, struct labels *labels,
                               const struct monitor_address *address);

static double active_value(const struct monitor_record *record, size_t endpoint)
{
	return record->answer == (int)endpoint;
}

static double up_value(const struct monitor_record *record, size_t endpoint)
{
	static const double values[] = {
		[HEALTH_UNKNOWN] = NAN, [HEALTH_UP] = 1, [HEALTH_DOWN] = 0
	};

	return values[record->endpoints[endpoint].health];
}

static double override_value(const struct monitor_record *record, size_t endpoint)
{
	return record->override && record->forced == (int)endpoint;
}

static unsigned certificate_lines(FILE *out, const char *metric, struct labels *labels,
                                  const struct monitor_address *address)
{
	if (!address->certificate_expires)
		return 0;
	write_line(out, metric, labels, (double)address->certificate_expires);
	return 1;
}

static unsigned probe_lines(FILE *out, const char *metric, struct labels *labels,
                            const struct monitor_address *address)
{
	const struct {
		const char *part;
		uint64_t us;
	} parts[] = {
		{ "connect", address->part_us[PROBE_CONNECT] },
		{ "tls", address->part_us[PROBE_TLS] },
		{ "first_byte", address->part_us[PROBE_FIRST_BYTE] },
		{ "whole", address->latency_us },
	};
	unsigned lines = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].us)
			continue;
		labels->part = parts[i].part;
		write_line(out, metric, labels, (double)parts[i].us / 1e6);
		lines++;
	}
	return lines;
}

static const struct metric {
	const char *name, *help;
	endpoint_value *value;
	address_lines *lines;
} metrics[] = {
	{ "shunt_record_active", "Whether the endpoint answers for the name.", active_value, NULL },
	{ "shunt_endpoint_up", "Whether the endpoint is up; NaN while there is no verdict.",
	  up_value, NULL },
	{ "shunt_override", "Whether an operator forces the endpoint.", override_value, NULL },
	{ "shunt_probe_seconds",
	  "How long the last probe that passed took, to the end of each of its parts.", NULL,
	  probe_lines },
	{ "shunt_certificate_expiry_timestamp_seconds",
	  "The end of the certificate that the address showed last.", NULL, certificate_lines },
};

#define METRICS (sizeof(metrics) / sizeof(metrics[0]))

static void write_head(FILE *out, const char *name, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void write_endpoints(FILE *out, const struct metric *metric,
                            const struct monitor_record *record)
{
	for (size_t i = 0; i < record->endpoint_count; i++)
		write_line(out, metric->name,
		           &(struct labels){ .record = record->name,
		                             .endpoint = record->endpoints[i].id },
		           metric->value(record, i));
}

static void write_addresses(FILE *out, const struct metric *metric,
                            const struct monitor_record *record)
{
	unsigned lines = 0;

	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct monitor_endpoint *endpoint = &record->endpoints[i];

		for (size_t k = 0; k < endpoint->address_count; k++) {
			const struct monitor_address *address = &endpoint->addresses[k];
			struct labels labels = { .record = record->name,
				                 .endpoint = endpoint->id,
				                 .address = &address->address };

			lines += metric->lines(out, metric->name, &labels, address);
		}
	}
	/* A piece is never empty; readers pass over an empty line. */
	if (lines == 0)
		putc('\n', out);
}

/* Step 0 is the head, then each record. */
static void write_metric(FILE *out, const struct metric *metric, const struct monitor *monitor,
                         size_t step)
{
	struct monitor_record record;

	if (step == 0) {
		write_head(out, metric->name, metric->help);
		return;
	}
	monitor_read(monitor, step - 1, &record);
	if (metric->value)
		write_endpoints(out, metric, &record);
	else
		write_addresses(out, metric, &record);
}

static void write_isolated(FILE *out, const struct monitor *monitor)
{
	write_head(out, "shunt_isolated",
	           "Whether nothing beyond this host answers, so that all answers hold.");
	fprintf(out, "shunt_isolated %d\n", monitor_is_isolated(monitor));
}

char *metrics_piece(const struct monitor *monitor, size_t step, bool *last)
{
	size_t steps = 1 + monitor_record_count(monitor); /* of one metric */
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	*last = step == METRICS * steps;
	if (*last)
		write_isolated(out, monitor);
	else
		write_metric(out, &metrics[step / steps], monitor, step % steps);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
