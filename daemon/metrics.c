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

/* `address` may be NULL. */
static void write_line(FILE *out, const char *metric, const char *record, const char *endpoint,
                       const struct address *address, double value)
{
	char text[ADDRESS_TEXT_MAX];

	fprintf(out, "%s{", metric);
	write_label(out, "record", record);
	putc(',', out);
	write_label(out, "endpoint", endpoint);
	if (address) {
		putc(',', out);
		write_label(out, "address", address_format(address, text));
	}
	if (isnan(value))
		fputs("} NaN\n", out);
	else
		fprintf(out, "} %.0f\n", value);
}

/* --- metrics ------------------------------------------------------------------------------------- */

typedef double endpoint_value(const struct monitor_record *record, size_t endpoint);

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

static const struct metric {
	const char *name, *help;
	endpoint_value *value; /* NULL: of addresses, the end of their certificates */
} metrics[] = {
	{ "shunt_record_active", "Whether the endpoint answers for the name.", active_value },
	{ "shunt_endpoint_up", "Whether the endpoint is up; NaN while there is no verdict.",
	  up_value },
	{ "shunt_override", "Whether an operator forces the endpoint.", override_value },
	{ "shunt_certificate_expiry_timestamp_seconds",
	  "The end of the certificate that the address showed last.", NULL },
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
		write_line(out, metric->name, record->name, record->endpoints[i].id, NULL,
		           metric->value(record, i));
}

static void write_certificates(FILE *out, const char *metric, const struct monitor_record *record)
{
	bool any = false;

	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct monitor_endpoint *endpoint = &record->endpoints[i];

		for (size_t k = 0; k < endpoint->address_count; k++) {
			const struct monitor_address *address = &endpoint->addresses[k];

			if (!address->certificate_expires)
				continue;
			any = true;
			write_line(out, metric, record->name, endpoint->id, &address->address,
			           (double)address->certificate_expires);
		}
	}
	/* A piece is never empty; readers pass over an empty line. */
	if (!any)
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
		write_certificates(out, metric->name, &record);
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
