#include "roster/record.h"

#include <string.h>

#include "config/compare.h"

int record_endpoint(const struct record *record, const char *id)
{
	for (size_t i = 0; i < record->count; i++) {
		if (strcmp(record->config->endpoints[i].id, id) == 0)
			return (int)i;
	}
	return -1;
}

enum health_state record_health(const struct record *record, size_t i)
{
	const struct agreement *agreement = record->decided.agreement;

	if (agreement && agreement->mode == AGREEMENT_AGREED)
		return agreement->result.endpoints[i].health;
	return record->endpoints[i].health;
}

#define ANSWER_GONE (-3) /* in addition to the ELECTION_ values */

/*
 * Converts an index into the old record's endpoints to one into the new record's; values that are
 * no index (ELECTION_, nothing forced) are returned unchanged.
 */
static int carry_index(const struct record *record, const struct record *old, int endpoint,
                       int when_gone)
{
	int index = endpoint < 0 ? endpoint
	                         : record_endpoint(record, old->endpoints[endpoint].config->id);

	return endpoint >= 0 && index < 0 ? when_gone : index;
}

static void carry_election(struct record *record, const struct record *old)
{
	const struct election *before = &old->decided.election;
	struct election *election = &record->decided.election;

	record->decided.changes = old->decided.changes;
	record->decided.unsettled = old->decided.unsettled;
	*election = *before;
	election->forced = carry_index(record, old, before->forced, -1);
	election->ordered = -1;
	election->elected = carry_index(record, old, before->elected, 0);
	election->endpoint = carry_index(record, old, before->endpoint,
	                                 election->elected >= 0 ? election->elected : 0);
	election->answer = carry_index(record, old, before->answer, ANSWER_GONE);
	if (election->answer != ANSWER_GONE) {
		record->decided.since = old->decided.since;
		return;
	}
	election->answer = 0;
	record->decided.gone = old->endpoints[before->answer].config->id;
}

/*
 * Whether both have the same endpoints from the same sources: then data written for one record is
 * valid for the other, in layout and in meaning. Other records may still lack an address or
 * verdict, so clients that hold the superseded table keep its answers until the new one has
 * settled.
 */
static bool same_endpoints(const struct record *record, const struct record *old)
{
	if (record->count != old->count)
		return false;
	for (size_t i = 0; i < record->count; i++) {
		const struct endpoint_config *a = record->endpoints[i].config;
		const struct endpoint_config *b = old->endpoints[i].config;

		if (strcmp(a->id, b->id) != 0 || !config_compare_sources(a, b))
			return false;
	}
	return true;
}

/*
 * Votes are counted anew; how long endpoints have been up goes on, and the order, of which there was
 * an event, is the same one.
 */
static void carry_agreement(struct record *record, const struct record *old)
{
	struct agreement *agreement = record->decided.agreement;
	const struct agreement *before = old->decided.agreement;

	if (!agreement || !before)
		return;
	agreement->mode = before->mode;
	agreement->voteless_ms = before->voteless_ms;
	agreement->has_order = before->has_order;
	agreement->order = before->order;
	for (size_t i = 0; i < record->count; i++) {
		const int from = record_endpoint(old, record->config->endpoints[i].id);

		if (from >= 0)
			agreement->healthy_ms[i] = before->healthy_ms[from];
	}
}

void record_carry(struct record *record, const struct record *old)
{
	carry_election(record, old);
	carry_agreement(record, old);
	if (same_endpoints(record, old))
		record->previous = (int)old->index;
}

/*
 * Whether a connection may go to this endpoint if another one did not take it. An operator's
 * override holds for connections too.
 */
static bool may_follow(const struct record *record, size_t i)
{
	const struct election *election = &record->decided.election;

	if (record->config->connect == CONNECT_OFF)
		return false;
	if (election->forced >= 0 || election->ordered >= 0)
		return election->answer == (int)i;
	/* What hosts have agreed upon holds for connections, too. */
	if (record->decided.agreement && record->decided.agreement->mode != AGREEMENT_ALONE)
		return election->answer == (int)i;
	return record->endpoints[i].health != HEALTH_DOWN;
}

void record_flags(const struct record *record, size_t i, uint32_t flags[SHUNT_ADDRESSES_MAX])
{
	const struct endpoint *endpoint = &record->endpoints[i];
	const bool connects = record->config->connect != CONNECT_OFF;
	bool answers[SHUNT_ADDRESSES_MAX];

	endpoint_answers(endpoint, answers);
	for (size_t k = 0; k < endpoint->count; k++) {
		const struct member *member = endpoint->members[k];

		flags[k] = answers[k] ? SHUNT_ADDRESS_ANSWER : 0;
		if (may_follow(record, i) && member->counts &&
		    member_health(member, endpoint->seen) != HEALTH_DOWN)
			flags[k] |= SHUNT_ADDRESS_NEXT;
		if (connects && member_in_doubt(member))
			flags[k] |= SHUNT_ADDRESS_DOUBT;
	}
}
