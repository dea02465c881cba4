#include "monitor/standing.h"

#include <string.h>

#include "policy/election.h"

static const char *agreed_word(const struct standing *standing)
{
	if (standing->ballot.agreed == ELECTION_DNS)
		return "dns";
	if (standing->ballot.agreed == ELECTION_FAIL)
		return "fail";
	return standing->ballot.agreed < 0 ? NULL : standing->ids[standing->ballot.agreed];
}

void standing_read(struct standing *standing, const struct fleet *fleet,
                   const struct record_config *record)
{
	standing->fleet = fleet;
	standing->record = record->name;
	standing->count = record->endpoint_count;
	for (size_t i = 0; i < record->endpoint_count; i++)
		standing->ids[i] = record->endpoints[i].id;
	fleet_ballot(fleet, record->name, standing->ids, standing->count, &record->rule,
	             &standing->ballot);
	standing->agreed = agreed_word(standing);
	standing->order = fleet_order(fleet, record->name);
	/* One without an endpoint ends waits, and is over in a moment. */
	if (standing->order && !standing->order->endpoint[0])
		standing->order = NULL;
}

static bool concerns(const struct fleet_order *order, const char *host)
{
	for (size_t i = 0; i < order->host_count; i++) {
		if (strcmp(order->hosts[i], host) == 0)
			return true;
	}
	return order->host_count == 0;
}

/* What the host is expected to answer; NULL: anything. */
static const char *expected(const struct standing *standing, const char *host)
{
	if (standing->order && concerns(standing->order, host))
		return standing->order->endpoint;
	return standing->agreed;
}

static enum health_state health_for_all(const struct standing *standing, const char *id)
{
	for (size_t i = 0; i < standing->count; i++) {
		if (strcmp(standing->ids[i], id) == 0)
			return standing->ballot.endpoints[i].health;
	}
	return HEALTH_UNKNOWN;
}

/* An isolated host has no vote, and who does not know does not contradict. */
static bool contradicts(const struct standing *standing, const struct standing_host *out, size_t i)
{
	const enum health_state all = health_for_all(standing, out->vote.ids[i]);

	return !out->host.isolated && all != HEALTH_UNKNOWN &&
	       out->vote.health[i] != HEALTH_UNKNOWN && out->vote.health[i] != all;
}

bool standing_host(const struct standing *standing, size_t index, struct standing_host *out)
{
	const char *wanted;

	if (!fleet_host_vote(standing->fleet, index, standing->record, &out->vote))
		return false;
	fleet_host(standing->fleet, index, &out->host);
	wanted = expected(standing, out->host.name);
	out->follows = !wanted || (out->vote.answers && strcmp(wanted, out->vote.answers) == 0);
	for (size_t i = 0; i < out->vote.count; i++)
		out->dissents[i] = contradicts(standing, out, i);
	return true;
}

size_t standing_strays(const struct standing *standing)
{
	const size_t count = fleet_host_count(standing->fleet);
	struct standing_host host;
	size_t strays = 0;

	for (size_t i = 0; i < count; i++)
		strays += standing_host(standing, i, &host) && !host.follows;
	return strays;
}
