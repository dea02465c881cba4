#include "monitor/votes.h"

#include <string.h>

#include "policy/election.h"

static const char *agreed_word(const struct votes *votes)
{
	if (votes->ballot.agreed == ELECTION_DNS)
		return "dns";
	if (votes->ballot.agreed == ELECTION_FAIL)
		return "fail";
	return votes->ballot.agreed < 0 ? NULL : votes->ids[votes->ballot.agreed];
}

void votes_read(struct votes *votes, const struct fleet *fleet, const struct record_config *record)
{
	votes->fleet = fleet;
	votes->record = record->name;
	votes->count = record->endpoint_count;
	for (size_t i = 0; i < record->endpoint_count; i++)
		votes->ids[i] = record->endpoints[i].id;
	fleet_ballot(fleet, record->name, votes->ids, votes->count, &record->rule, &votes->ballot);
	votes->agreed = agreed_word(votes);
	votes->order = fleet_order(fleet, record->name);
	/* One without an endpoint ends waits, and is over in a moment. */
	if (votes->order && !votes->order->endpoint[0])
		votes->order = NULL;
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
static const char *expected(const struct votes *votes, const char *host)
{
	if (votes->order && concerns(votes->order, host))
		return votes->order->endpoint;
	return votes->agreed;
}

static enum health_state health_for_all(const struct votes *votes, const char *id)
{
	for (size_t i = 0; i < votes->count; i++) {
		if (strcmp(votes->ids[i], id) == 0)
			return votes->ballot.endpoints[i].health;
	}
	return HEALTH_UNKNOWN;
}

/* An isolated host has no vote, and who does not know does not contradict. */
static bool contradicts(const struct votes *votes, const struct votes_host *out, size_t i)
{
	const enum health_state all = health_for_all(votes, out->vote.ids[i]);

	return !out->host.isolated && all != HEALTH_UNKNOWN &&
	       out->vote.health[i] != HEALTH_UNKNOWN && out->vote.health[i] != all;
}

bool votes_host(const struct votes *votes, size_t index, struct votes_host *out)
{
	const char *wanted;

	if (!fleet_host_vote(votes->fleet, index, votes->record, &out->vote))
		return false;
	fleet_host(votes->fleet, index, &out->host);
	wanted = expected(votes, out->host.name);
	out->follows = !wanted || (out->vote.answers && strcmp(wanted, out->vote.answers) == 0);
	for (size_t i = 0; i < out->vote.count; i++)
		out->dissents[i] = contradicts(votes, out, i);
	return true;
}

size_t votes_strays(const struct votes *votes)
{
	const size_t count = fleet_host_count(votes->fleet);
	struct votes_host host;
	size_t strays = 0;

	for (size_t i = 0; i < count; i++)
		strays += votes_host(votes, i, &host) && !host.follows;
	return strays;
}
