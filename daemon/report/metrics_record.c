/*
 * There may be thousands of records, each with many addresses, whose number is determined by DNS.
 * Therefore an address has its own line only if that adds to the endpoint's line, and a problem has
 * a line only while it exists.
 */
#include "report/metrics_record.h"

#include <math.h>
#include <string.h>

#include "monitor/monitor.h"
#include "monitor/standing.h"
#include "monitor/view.h"
#include "report/metrics_text.h"

/* --- records ---------------------------------------------------------------------------------- */

static void record_line(FILE *out, const char *metric, const struct view_record *record,
                        double value)
{
	const struct metrics_label labels[] = { { "record", record->name }, { NULL, NULL } };

	metrics_text_line(out, metric, labels, value);
}

static void primary_lines(FILE *out, const char *metric, const struct view_record *record)
{
	record_line(out, metric, record, record->answer == 0);
}

static void changes_lines(FILE *out, const char *metric, const struct view_record *record)
{
	record_line(out, metric, record, (double)record->changes);
}

static void since_lines(FILE *out, const char *metric, const struct view_record *record)
{
	record_line(out, metric, record, (double)record->since);
}

/* --- endpoints -------------------------------------------------------------------------------- */

/* `name` is NULL if there is no label besides record and endpoint. */
static void endpoint_line(FILE *out, const char *metric, const struct view_record *record,
                          size_t endpoint, struct metrics_label more, double value)
{
	const struct metrics_label labels[] = { { "record", record->name },
		                                { "endpoint", record->endpoints[endpoint].id },
		                                more,
		                                { NULL, NULL } };

	metrics_text_line(out, metric, labels, value);
}

static const struct metrics_label no_more = { NULL, NULL };

static void active_lines(FILE *out, const char *metric, const struct view_record *record)
{
	for (size_t i = 0; i < record->endpoint_count; i++)
		endpoint_line(out, metric, record, i, no_more, record->answer == (int)i);
}

static void up_lines(FILE *out, const char *metric, const struct view_record *record)
{
	static const double values[] = {
		[HEALTH_UNKNOWN] = NAN, [HEALTH_UP] = 1, [HEALTH_DOWN] = 0
	};

	for (size_t i = 0; i < record->endpoint_count; i++)
		endpoint_line(out, metric, record, i, no_more, values[record->endpoints[i].health]);
}

static void override_lines(FILE *out, const char *metric, const struct view_record *record)
{
	for (size_t i = 0; i < record->endpoint_count; i++)
		endpoint_line(out, metric, record, i, no_more,
		              record->override && record->forced == (int)i);
}

static bool lacks_verdicts(const struct view_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->address_count; i++) {
		if (endpoint->addresses[i].no_verdict_since)
			return true;
	}
	return false;
}

static bool lacks_verdicts_of(const struct view_endpoint *endpoint, enum health_side side)
{
	for (size_t i = 0; i < endpoint->address_count; i++) {
		if (endpoint->addresses[i].no_verdict_since &&
		    endpoint->addresses[i].no_verdict_side == side)
			return true;
	}
	return false;
}

static void problem_lines(FILE *out, const char *metric, const struct view_record *record)
{
	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct view_endpoint *endpoint = &record->endpoints[i];

		if (endpoint->error)
			endpoint_line(out, metric, record, i,
			              (struct metrics_label){ "problem", "resolve" }, 1);
		if (lacks_verdicts(endpoint))
			endpoint_line(out, metric, record, i,
			              (struct metrics_label){ "problem", "no_verdict" }, 1);
	}
}

static void no_verdict_lines(FILE *out, const char *metric, const struct view_record *record)
{
	for (size_t i = 0; i < record->endpoint_count; i++) {
		for (enum health_side side = 0; side < SIDES; side++) {
			if (lacks_verdicts_of(&record->endpoints[i], side))
				endpoint_line(
				        out, metric, record, i,
				        (struct metrics_label){ "side", health_side_word(side) },
				        1);
		}
	}
}

/* --- the fleet -------------------------------------------------------------------------------- */

static void vote_lines(FILE *out, const char *metric, const struct view_record *record)
{
	struct standing standing;

	if (!record->fleet)
		return;
	standing_read(&standing, record->fleet, record->config);
	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct ballot_endpoint *ballot = &standing.ballot.endpoints[i];

		endpoint_line(out, metric, record, i, (struct metrics_label){ "vote", "up" },
		              ballot->up);
		endpoint_line(out, metric, record, i, (struct metrics_label){ "vote", "down" },
		              ballot->down);
		endpoint_line(out, metric, record, i, (struct metrics_label){ "vote", "unknown" },
		              ballot->unknown);
	}
}

static void agreed_lines(FILE *out, const char *metric, const struct view_record *record)
{
	struct standing standing;

	if (!record->fleet)
		return;
	standing_read(&standing, record->fleet, record->config);
	for (size_t i = 0; i < record->endpoint_count; i++)
		endpoint_line(out, metric, record, i, no_more, standing.ballot.agreed == (int)i);
}

static void order_lines(FILE *out, const char *metric, const struct view_record *record)
{
	struct standing standing;

	if (!record->fleet)
		return;
	standing_read(&standing, record->fleet, record->config);
	for (size_t i = 0; i < record->endpoint_count; i++)
		endpoint_line(out, metric, record, i, no_more,
		              standing.order &&
		                      strcmp(standing.order->endpoint, standing.ids[i]) == 0);
}

static void disagreeing_lines(FILE *out, const char *metric, const struct view_record *record)
{
	struct standing standing;

	if (!record->fleet)
		return;
	standing_read(&standing, record->fleet, record->config);
	record_line(out, metric, record, (double)standing_strays(&standing));
}

/* --- addresses -------------------------------------------------------------------------------- */

static size_t count_health(const struct view_endpoint *endpoint, enum health_state health)
{
	size_t count = 0;

	for (size_t i = 0; i < endpoint->address_count; i++)
		count += endpoint->addresses[i].health == health;
	return count;
}

static void addresses_lines(FILE *out, const char *metric, const struct view_record *record)
{
	static const enum health_state healths[] = { HEALTH_UP, HEALTH_DOWN, HEALTH_UNKNOWN };

	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct view_endpoint *endpoint = &record->endpoints[i];

		for (size_t k = 0; endpoint->address_count > 1 && k < 3; k++)
			endpoint_line(out, metric, record, i,
			              (struct metrics_label){ "health", health_word(healths[k]) },
			              (double)count_health(endpoint, healths[k]));
	}
}

struct address_line {
	FILE *out;
	const char *metric, *record, *endpoint;
	const struct view_address *address;
};

static void address_line(const struct address_line *of, const char *part, double value)
{
	char text[ADDRESS_TEXT_MAX];
	const struct metrics_label labels[] = { { "record", of->record },
		                                { "endpoint", of->endpoint },
		                                { "address",
		                                  address_format(&of->address->address, text) },
		                                { part ? "part" : NULL, part },
		                                { NULL, NULL } };

	metrics_text_line(of->out, of->metric, labels, value);
}

static void each_address(FILE *out, const char *metric, const struct view_record *record,
                         void (*lines)(const struct address_line *of))
{
	for (size_t i = 0; i < record->endpoint_count; i++) {
		const struct view_endpoint *endpoint = &record->endpoints[i];
		struct address_line of = { .out = out,
			                   .metric = metric,
			                   .record = record->name,
			                   .endpoint = endpoint->id };

		for (size_t k = 0; k < endpoint->address_count; k++) {
			of.address = &endpoint->addresses[k];
			lines(&of);
		}
	}
}

static void part_lines(const struct address_line *of)
{
	const struct {
		const char *part;
		uint64_t us;
	} parts[] = {
		{ "connect", of->address->part_us[PROBE_CONNECT] },
		{ "tls", of->address->part_us[PROBE_TLS] },
		{ "first_byte", of->address->part_us[PROBE_FIRST_BYTE] },
		{ "whole", of->address->latency_us },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].us)
			address_line(of, parts[i].part, (double)parts[i].us / 1e6);
	}
}

static void probe_lines(FILE *out, const char *metric, const struct view_record *record)
{
	each_address(out, metric, record, part_lines);
}

static void expiry_line(const struct address_line *of)
{
	if (of->address->certificate_expires)
		address_line(of, NULL, (double)of->address->certificate_expires);
}

static void certificate_lines(FILE *out, const char *metric, const struct view_record *record)
{
	each_address(out, metric, record, expiry_line);
}

/* --- the table -------------------------------------------------------------------------------- */

const struct metrics_record metrics_record[] = {
	{ "shunt_record_active", "gauge", "Whether the endpoint answers for the name.",
	  active_lines },
	{ "shunt_record_on_primary", "gauge", "Whether the first endpoint answers for the name.",
	  primary_lines },
	{ "shunt_record_changes_total", "counter",
	  "How often another endpoint came to answer for the name.", changes_lines },
	{ "shunt_record_last_change_timestamp_seconds", "gauge",
	  "When the endpoint that answers began to, or the name became managed.", since_lines },
	{ "shunt_endpoint_up", "gauge",
	  "Whether the endpoint is up; NaN while there is no verdict.", up_lines },
	{ "shunt_endpoint_addresses", "gauge",
	  "Addresses of an endpoint that has several, by health.", addresses_lines },
	{ "shunt_endpoint_problem", "gauge",
	  "1 while probes of the endpoint come to no verdict, or its name does not resolve.",
	  problem_lines },
	{ "shunt_endpoint_no_verdict", "gauge",
	  "1 while probes of the endpoint come to no verdict, by the side that is thought to be at "
	  "fault.",
	  no_verdict_lines },
	{ "shunt_override", "gauge", "Whether an operator forces the endpoint.", override_lines },
	{ "shunt_fleet_votes", "gauge", "Votes of the fleet about the endpoint, by what they say.",
	  vote_lines },
	{ "shunt_fleet_agreed", "gauge", "Whether the fleet agrees that the endpoint answers.",
	  agreed_lines },
	{ "shunt_fleet_order", "gauge",
	  "Whether an order for the fleet, or a part of it, names the endpoint.", order_lines },
	{ "shunt_fleet_disagreeing_hosts", "gauge",
	  "Live hosts of the fleet that answer otherwise than is agreed or ordered.",
	  disagreeing_lines },
	{ "shunt_probe_seconds", "gauge",
	  "How long the last probe that passed took, to the end of each of its parts.",
	  probe_lines },
	{ "shunt_certificate_expiry_timestamp_seconds", "gauge",
	  "The end of the certificate that the address showed last.", certificate_lines },
	{ NULL, NULL, NULL, NULL },
};
