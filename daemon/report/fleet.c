#include "report/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "fleet/fleet.h"
#include "monitor/monitor.h"
#include "monitor/standing.h"
#include "monitor/view.h"

/* --- orders ----------------------------------------------------------------------------------- */

static void put_order(struct json_out *out, const struct fleet_order *order)
{
	if (!order) {
		json_out_null(out, "order");
		return;
	}
	json_out_open(out, "order", '{');
	json_out_text(out, "endpoint", order->endpoint);
	json_out_text(out, "by", order->by);
	json_out_text(out, "reason", order->reason[0] ? order->reason : NULL);
	json_out_moment(out, "since", order->since);
	json_out_moment(out, "until", order->until);
	if (order->host_count == 0) {
		json_out_null(out, "hosts");
	} else {
		json_out_open(out, "hosts", '[');
		for (size_t i = 0; i < order->host_count; i++)
			json_out_text(out, NULL, order->hosts[i]);
		json_out_close(out, ']');
	}
	json_out_close(out, '}');
}

char *report_fleet_order(const char *record, const struct fleet_order *order)
{
	struct json_out out = { 0 };

	json_out_open(&out, NULL, '{');
	json_out_text(&out, "name", record);
	put_order(&out, order);
	json_out_close(&out, '}');
	return json_out_take(&out);
}

/* --- a record --------------------------------------------------------------------------------- */

static void put_endpoint(struct json_out *out, const char *id, const struct ballot_endpoint *ballot)
{
	json_out_open(out, NULL, '{');
	json_out_text(out, "endpoint", id);
	json_out_text(out, "health", health_word(ballot->health));
	json_out_number(out, "up", ballot->up);
	json_out_number(out, "down", ballot->down);
	json_out_number(out, "unknown", ballot->unknown);
	json_out_number(out, "sites", ballot->down_sites);
	json_out_close(out, '}');
}

static void put_rule(struct json_out *out, const struct ballot_rule *rule)
{
	json_out_text(out, "scope", scope_words[rule->scope]);
	if (rule->scope == BALLOT_QUORUM)
		json_out_number(out, "share", rule->share);
	else
		json_out_null(out, "share");
	json_out_number(out, "sites", rule->sites);
}

/* What a record's status and the fleet's have in common. */
static void put_votes(struct json_out *out, const struct standing *standing,
                      const struct record_config *record)
{
	put_rule(out, &record->rule);
	json_out_number(out, "live", standing->ballot.voters);
	json_out_text(out, "agreed", standing->agreed);
	json_out_open(out, "endpoints", '[');
	for (size_t i = 0; i < standing->count; i++)
		put_endpoint(out, standing->ids[i], &standing->ballot.endpoints[i]);
	json_out_close(out, ']');
	put_order(out, standing->order);
}

void report_fleet_put(struct json_out *out, const struct view_record *record)
{
	struct standing standing;

	if (!record->fleet) {
		json_out_null(out, "fleet");
		return;
	}
	standing_read(&standing, record->fleet, record->config);
	json_out_open(out, "fleet", '{');
	put_votes(out, &standing, record->config);
	json_out_text(out, "mode", record->mode);
	json_out_number(out, "disagree", standing_strays(&standing));
	json_out_close(out, '}');
}

/* --- all of it -------------------------------------------------------------------------------- */

/* Keys are the ids of other hosts' endpoints, of a few harmless characters. */
static void put_host_vote(struct json_out *out, const struct standing_host *host)
{
	const struct fleet_host_vote *vote = &host->vote;

	json_out_open(out, host->host.name, '{');
	json_out_open(out, "health", '{');
	for (size_t i = 0; i < vote->count; i++)
		json_out_text(out, vote->ids[i], health_word(vote->health[i]));
	json_out_close(out, '}');
	json_out_text(out, "prefers", vote->prefers);
	json_out_text(out, "answers", vote->answers);
	json_out_moment(out, "since", vote->since);
	json_out_bool(out, "follows", host->follows);
	json_out_open(out, "dissents", '[');
	for (size_t i = 0; i < vote->count; i++) {
		if (host->dissents[i])
			json_out_text(out, NULL, vote->ids[i]);
	}
	json_out_close(out, ']');
	json_out_close(out, '}');
}

static void put_record(struct json_out *out, const struct fleet *fleet,
                       const struct record_config *record)
{
	const size_t count = fleet_host_count(fleet);
	struct standing_host host;
	struct standing standing;

	standing_read(&standing, fleet, record);
	json_out_open(out, NULL, '{');
	json_out_text(out, "name", record->name);
	put_votes(out, &standing, record);
	json_out_open(out, "hosts", '{');
	for (size_t i = 0; i < count; i++) {
		if (standing_host(&standing, i, &host))
			put_host_vote(out, &host);
	}
	json_out_close(out, '}');
	json_out_close(out, '}');
}

static void put_hosts(struct json_out *out, const struct fleet *fleet)
{
	const size_t count = fleet_host_count(fleet);
	struct fleet_host host;

	json_out_open(out, "hosts", '[');
	for (size_t i = 0; i < count; i++) {
		fleet_host(fleet, i, &host);
		json_out_open(out, NULL, '{');
		json_out_text(out, "name", host.name);
		json_out_text(out, "site", host.site);
		json_out_text(out, "version", host.version);
		json_out_bool(out, "isolated", host.isolated);
		json_out_bool(out, "self", host.self);
		json_out_close(out, '}');
	}
	json_out_close(out, ']');
}

static void put_link(struct json_out *out, const struct fleet_link *link)
{
	json_out_text(out, "state", fleet_state_word(link->state));
	json_out_moment(out, "since", link->since);
	json_out_text(out, "error", link->error);
	json_out_text(out, "member", link->member);
	json_out_text(out, "host", link->host);
	json_out_text(out, "site", link->site);
	json_out_text(out, "prefix", link->prefix);
	json_out_bool(out, "name_taken", link->name_taken);
}

void report_fleet_put_link(struct json_out *out, const struct fleet *fleet)
{
	struct fleet_link link;

	fleet_link(fleet, &link);
	if (link.state == FLEET_OFF) {
		json_out_null(out, "fleet");
		return;
	}
	json_out_open(out, "fleet", '{');
	put_link(out, &link);
	json_out_number(out, "live", fleet_host_count(fleet));
	json_out_close(out, '}');
}

/* From the opening brace to the bracket that opens the array of records. */
static char *head_text(const struct fleet *fleet)
{
	struct fleet_link link;
	struct json_out out = { 0 };

	fleet_link(fleet, &link);
	json_out_open(&out, NULL, '{');
	put_link(&out, &link);
	put_hosts(&out, fleet);
	json_out_open(&out, "records", '[');
	return json_out_take(&out);
}

/* Whether a record of the span before that index is one of the fleet's. */
static bool is_later(const struct record_config *records, struct report_span span, size_t index)
{
	for (size_t i = span.first; i < index; i++) {
		if (records[i].rule.scope != BALLOT_LOCAL)
			return true;
	}
	return false;
}

char *report_fleet(const struct monitor *monitor, struct report_span span, size_t step, bool *last)
{
	const struct record_config *records = monitor_config(monitor)->records;
	const size_t index = span.first + step - 1;
	struct json_out out = { 0 };

	*last = step > span.count;
	if (*last)
		return strdup("]}\n");
	if (step == 0)
		return head_text(monitor_fleet(monitor));
	/* A piece is never empty. */
	if (records[index].rule.scope == BALLOT_LOCAL)
		return strdup("\n");
	out.comma = is_later(records, span, index);
	put_record(&out, monitor_fleet(monitor), &records[index]);
	return json_out_take(&out);
}
