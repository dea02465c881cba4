#include "monitor/agree.h"

#include <stdio.h>
#include <string.h>

#include "event/event.h"
#include "fleet/fleet.h"
#include "monitor/agree_words.h"
#include "monitor/view.h"
#include "roster/record.h"

/* --- orders ----------------------------------------------------------------------------------- */

static void announce(const struct record *record, enum event_type type,
                     const struct fleet_order *order)
{
	char words[VIEW_REASON_MAX];

	agree_words_of(order, words, sizeof(words));
	event_emit(&(struct event_record){ .type = type,
	                                   .record = record->config->name,
	                                   .endpoint = order->endpoint,
	                                   .reason = words });
}

static bool same_order(const struct fleet_order *a, const struct fleet_order *b)
{
	return strcmp(a->endpoint, b->endpoint) == 0 && strcmp(a->by, b->by) == 0 &&
	       a->since == b->since && a->until == b->until && strcmp(a->reason, b->reason) == 0;
}

/* Takes over the order in force for this host; one that ends a wait names no endpoint. */
static void take_order(const struct fleet *fleet, struct record *record)
{
	struct agreement *agreement = record->decided.agreement;
	const struct fleet_order *order = fleet_order(fleet, record->config->name);
	const bool is_here = order && order->here && *order->endpoint;
	const bool is_same =
	        is_here && agreement->has_order && same_order(&agreement->order, order);

	record->decided.election.release |= order && order->here && !*order->endpoint;
	if (agreement->has_order && !is_same)
		announce(record, EVENT_ORDER_ENDED, &agreement->order);
	if (is_here && !is_same)
		announce(record, EVENT_ORDERED, order);
	agreement->has_order = is_here;
	if (is_here) {
		agreement->order = *order;
		agreement->order.hosts = NULL;
	}
	record->decided.election.ordered = is_here ? record_endpoint(record, order->endpoint) : -1;
}

/* --- the election ----------------------------------------------------------------------------- */

static enum agreement_mode without_votes(const struct record *record)
{
	return record->config->on_etcd_lost == ETCD_LOST_HOLD ? AGREEMENT_HELD : AGREEMENT_ALONE;
}

static enum agreement_mode mode_of(const struct fleet_link *link, const struct record *record)
{
	switch (link->state) {
	case FLEET_OFF: return AGREEMENT_ALONE;
	case FLEET_JOINING: return AGREEMENT_AWAITED;
	case FLEET_SYNCED: return AGREEMENT_AGREED;
	case FLEET_LOST: break;
	}
	return without_votes(record);
}

static void take_mode(const struct fleet *fleet, struct record *record)
{
	struct agreement *agreement = record->decided.agreement;
	const enum agreement_mode before = agreement->mode;
	struct fleet_link link;

	fleet_link(fleet, &link);
	agreement->mode = mode_of(&link, record);
	agreement->lost_since = link.state == FLEET_LOST ? link.since : 0;
	if (before != AGREEMENT_AGREED)
		agreement->next = BALLOT_NONE;
}

/*
 * That nobody has a vote lasts where no host may write its key. Then it is as if etcd were lost; shortly
 * after a start it is only that nobody had the time.
 */
static bool is_voteless(struct record *record, uint64_t now_ms)
{
	struct agreement *agreement = record->decided.agreement;

	if (agreement->result.voters > 0 || record->decided.unsettled) {
		agreement->voteless_ms = 0;
		return false;
	}
	if (agreement->voteless_ms == 0)
		agreement->voteless_ms = now_ms;
	return now_ms - agreement->voteless_ms >= FLEET_START_MS;
}

static void read_ballot(const struct fleet *fleet, struct record *record, uint64_t now_ms)
{
	struct agreement *agreement = record->decided.agreement;
	const char *ids[SHUNT_ENDPOINTS_MAX];

	for (size_t i = 0; i < record->count; i++)
		ids[i] = record->config->endpoints[i].id;
	fleet_ballot(fleet, record->config->name, ids, record->count, &record->config->rule,
	             &agreement->result);
	for (size_t i = 0; i < record->count; i++) {
		if (agreement->result.endpoints[i].health != HEALTH_UP)
			agreement->healthy_ms[i] = 0;
		else if (!agreement->healthy_ms[i])
			agreement->healthy_ms[i] = now_ms;
	}
}

/*
 * What to answer now: a move back to an earlier endpoint is followed at this host's point of `stagger`,
 * anything else at once.
 */
static int follow(struct record *record, uint64_t now_ms)
{
	struct agreement *agreement = record->decided.agreement;
	const int agreed = agreement->result.agreed, present = record->decided.election.elected;

	if (agreed < 0 || present <= agreed || record->decided.unsettled ||
	    record_health(record, (size_t)present) != HEALTH_UP) {
		agreement->next = BALLOT_NONE;
		return agreed;
	}
	if (agreement->next != agreed) {
		agreement->next = agreed;
		agreement->follow_ms = now_ms + record->config->stagger_point_ms;
	}
	if (now_ms < agreement->follow_ms)
		return present;
	agreement->next = BALLOT_NONE;
	return agreed;
}

static bool elect_agreed(struct record *record, const struct election_endpoint *own,
                         uint64_t now_ms)
{
	struct election *election = &record->decided.election;
	struct agreement *agreement = record->decided.agreement;
	struct election_endpoint endpoints[SHUNT_ENDPOINTS_MAX];
	bool changed;

	if (agreement->result.agreed == BALLOT_NONE) {
		agreement->prefers = election->elected;
		changed = election_stay(election, own);
		if (agreement->voteless_ms)
			election->wake_ms = agreement->voteless_ms + FLEET_START_MS;
		return changed;
	}
	for (size_t i = 0; i < record->count; i++) {
		endpoints[i] = own[i];
		endpoints[i].health = agreement->result.endpoints[i].health;
		endpoints[i].healthy_ms = agreement->healthy_ms[i];
	}
	changed = election_follow(election, &record->config->policy, endpoints, record->count,
	                          agreement->result.agreed, follow(record, now_ms),
	                          &agreement->prefers, now_ms);
	if (agreement->next != BALLOT_NONE &&
	    (election->wake_ms == 0 || agreement->follow_ms < election->wake_ms))
		election->wake_ms = agreement->follow_ms;
	return changed;
}

bool agree_elect(struct fleet *fleet, struct record *record, const struct election_endpoint *own,
                 uint64_t now_ms)
{
	struct election *election = &record->decided.election;
	struct agreement *agreement = record->decided.agreement;
	bool changed;

	take_mode(fleet, record);
	take_order(fleet, record);
	if (agreement->mode == AGREEMENT_AGREED) {
		read_ballot(fleet, record, now_ms);
		if (is_voteless(record, now_ms))
			agreement->mode = without_votes(record);
	} else {
		agreement->voteless_ms = 0;
	}
	switch (agreement->mode) {
	case AGREEMENT_AGREED: return elect_agreed(record, own, now_ms);
	case AGREEMENT_AWAITED:
	case AGREEMENT_HELD: return election_stay(election, own);
	case AGREEMENT_ALONE: break;
	}
	changed = election_run(election, &record->config->policy, own, record->count, now_ms);
	agreement->prefers = election->elected;
	return changed;
}

void agree_vote(struct fleet *fleet, const struct record *record)
{
	struct fleet_vote vote = {
		.record = record->config->name,
		.count = record->count,
		.prefers = view_answer(record, record->decided.agreement->prefers),
		.answers = view_answer(record, record->decided.election.answer),
	};

	for (size_t i = 0; i < record->count; i++) {
		vote.ids[i] = record->config->endpoints[i].id;
		vote.health[i] = record->endpoints[i].health;
	}
	fleet_vote(fleet, &vote);
}
