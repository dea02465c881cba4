#include "monitor/leave.h"

#include <event2/event.h>

#include "base/log.h"
#include "base/timer.h"
#include "policy/reset.h"
#include "reset/reset.h"
#include "roster/host_fault.h"
#include "roster/record.h"
#include "roster/roster.h"
#include "roster/taken.h"

/*
 * Milliseconds until what was left is looked at. With thousands of records, of which many leave an
 * endpoint within a second, a look at all of them is for many at once.
 */
static uint64_t look_ms(const struct roster *roster)
{
	return 1 + roster->count / 200;
}

/* --- what was left ---------------------------------------------------------------------------- */

static bool wants(const struct record *record)
{
	return record->config->on_leave == RESET_RESET || record->config->on_return == RESET_RESET;
}

static struct reset_change change_of(const struct record *record, int from, bool settled)
{
	const int to = record->decided.election.answer;

	return (struct reset_change){
		.from = from,
		.to = to,
		.from_health = from >= 0 ? record_health(record, (size_t)from) : HEALTH_UNKNOWN,
		.to_health = to >= 0 ? record_health(record, (size_t)to) : HEALTH_UNKNOWN,
		.settled = settled,
		.on_leave = record->config->on_leave,
		.on_return = record->config->on_return,
	};
}

static void mark(struct leaves *leaves, struct member *member, enum reset_why why)
{
	if (!reset_applies(why))
		return;
	member->left = why;
	leaves->pending = true;
}

/* The members of the endpoint that answers, against what they were at the last election. */
static void mark_addresses(struct leaves *leaves, const struct reset_change *change,
                           const struct endpoint *endpoint, const bool answers[SHUNT_ADDRESSES_MAX])
{
	for (size_t i = 0; i < endpoint->count; i++) {
		struct member *member = endpoint->members[i];

		if (member->answered && !answers[i])
			mark(leaves, member,
			     reset_judge_address(change, member_health(member, endpoint->seen)));
	}
}

static void remember(struct record *record, int to, const bool answers[SHUNT_ADDRESSES_MAX])
{
	for (size_t e = 0; e < record->count; e++) {
		const struct endpoint *endpoint = &record->endpoints[e];

		for (size_t i = 0; i < endpoint->count; i++)
			endpoint->members[i]->answered = (int)e == to && answers[i];
	}
}

void leave_observe(struct leaves *leaves, struct record *record, int from, bool settled)
{
	const struct reset_change change = change_of(record, from, settled);
	bool answers[SHUNT_ADDRESSES_MAX] = { false };

	if (leaves->look && wants(record)) {
		if (change.to >= 0)
			endpoint_answers(&record->endpoints[change.to], answers);
		if (from != change.to && from >= 0) {
			const struct endpoint *left = &record->endpoints[from];

			for (size_t i = 0; i < left->count; i++)
				mark(leaves, left->members[i], reset_judge(&change));
		} else if (change.to >= 0) {
			mark_addresses(leaves, &change, &record->endpoints[change.to], answers);
		}
		remember(record, change.to, answers);
	}
	if (leaves->pending && !evtimer_pending(leaves->look, NULL))
		timer_arm(leaves->look, look_ms(*leaves->roster));
}

/* --- looking at it ---------------------------------------------------------------------------- */

/* The health of an address whose endpoint still answers is its own. */
static enum health_state health_now(const struct endpoint *endpoint, const struct member *member,
                                    enum target_view view)
{
	const struct record *record = endpoint->record;

	const struct agreement *agreement = record->decided.agreement;
	const size_t index = (size_t)(endpoint - record->endpoints);

	if (record->decided.election.answer == (int)index)
		return member_health(member, view);
	if (agreement && agreement->mode == AGREEMENT_AGREED)
		return record_health(record, index);
	return endpoint_health(endpoint, view);
}

static enum reset_turn look_at(const struct leaves *leaves, const struct taken *taken,
                               const struct endpoint *endpoint, const struct member *member)
{
	const struct record *record = endpoint->record;
	const struct reset_state state = {
		.why = member->left,
		.health = health_now(endpoint, member, endpoint->seen),
		.doubted = health_now(endpoint, member, TARGET_COUNTED) != HEALTH_DOWN,
		.isolated = host_fault_is_isolated(leaves->host_fault),
		.answers_again = taken_by(taken, member->address, record),
		.shared = taken_by_other(taken, member->address, record) != NULL,
	};

	return reset_proceed(&state);
}

static void ask(const struct leaves *leaves, const struct endpoint *endpoint, enum reset_why why,
                const struct address *addresses, size_t count)
{
	const struct record_config *config = endpoint->record->config;

	if (count == 0)
		return;
	reset_ask(leaves->reset,
	          &(struct reset_want){ .record = config->name,
	                                .endpoint = endpoint->config->id,
	                                .cause = why == RESET_LOST ? ORDER_LOST : ORDER_RETURNED,
	                                .addresses = addresses,
	                                .address_count = count,
	                                .ports = config->ports,
	                                .port_count = config->port_count });
}

/* Returns whether something has to wait. */
static bool look_at_endpoint(const struct leaves *leaves, const struct taken *taken,
                             const struct endpoint *endpoint)
{
	struct address addresses[SHUNT_ADDRESSES_MAX];
	enum reset_why why = RESET_NOTHING_LEFT;
	bool waits = false;
	size_t count = 0;

	for (size_t i = 0; i < endpoint->count; i++) {
		struct member *member = endpoint->members[i];
		enum reset_turn turn;

		if (member->left == RESET_NOTHING_LEFT)
			continue;
		turn = look_at(leaves, taken, endpoint, member);
		waits |= turn == RESET_WAIT;
		if (turn == RESET_WAIT)
			continue;
		if (turn == RESET_GO) {
			addresses[count++] = *member->address;
			why = member->left;
		}
		member->left = RESET_NOTHING_LEFT;
	}
	ask(leaves, endpoint, why, addresses, count);
	return waits;
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct leaves *leaves = arg;
	const struct roster *roster = *leaves->roster;
	struct taken taken;

	(void)fd;
	(void)what;
	leaves->pending = false;
	taken_read(roster, &taken);
	for (size_t i = 0; i < roster->count; i++) {
		const struct record *record = &roster->records[i];

		for (size_t e = 0; wants(record) && e < record->count; e++)
			leaves->pending |= look_at_endpoint(leaves, &taken, &record->endpoints[e]);
	}
	taken_free(&taken);
}

void leaves_init(struct leaves *leaves, struct event_base *base, struct roster *const *roster,
                 const struct host_fault *host_fault, struct reset *reset)
{
	*leaves = (struct leaves){ .roster = roster, .host_fault = host_fault, .reset = reset };
	if (!reset)
		return;
	leaves->look = evtimer_new(base, look, leaves);
	if (!leaves->look)
		log_fatal("out of memory");
}

void leaves_free(struct leaves *leaves)
{
	if (leaves->look)
		event_free(leaves->look);
}

/* --- by hand ---------------------------------------------------------------------------------- */

static enum leave_ordered may_order(const struct leaves *leaves, const struct record *record,
                                    size_t endpoint)
{
	if (record->decided.election.answer == (int)endpoint)
		return LEAVE_ANSWERS;
	if (record->config->port_count == 0)
		return LEAVE_NO_PORT;
	if (host_fault_is_isolated(leaves->host_fault))
		return LEAVE_ISOLATED;
	return record->endpoints[endpoint].count ? LEAVE_ORDERED : LEAVE_NONE;
}

/* The addresses that may be reset. */
static size_t choose(const struct leaves *leaves, const struct record *record,
                     const struct endpoint *endpoint, struct address *out, struct leave_kept *kept,
                     size_t *kept_count)
{
	struct taken taken;
	size_t count = 0;

	taken_read(*leaves->roster, &taken);
	*kept_count = 0;
	for (size_t i = 0; i < endpoint->count; i++) {
		const struct address *address = endpoint->members[i]->address;
		const struct record *other = taken_by_other(&taken, address, record);

		if (!other && taken_by(&taken, address, record))
			other = record;
		if (other)
			kept[(*kept_count)++] = (struct leave_kept){ other, i };
		else
			out[count++] = *address;
	}
	taken_free(&taken);
	return count;
}

enum leave_ordered leave_order(const struct leaves *leaves, const struct record *record,
                               size_t endpoint, bool dry_run, uint64_t *number,
                               struct leave_kept *kept, size_t *kept_count)
{
	const enum leave_ordered may = may_order(leaves, record, endpoint);
	struct address addresses[SHUNT_ADDRESSES_MAX];
	struct reset_want want = { .record = record->config->name,
		                   .endpoint = record->endpoints[endpoint].config->id,
		                   .cause = ORDER_BY_HAND,
		                   .dry_run = dry_run,
		                   .addresses = addresses,
		                   .ports = record->config->ports,
		                   .port_count = record->config->port_count };

	*kept_count = 0;
	if (may != LEAVE_ORDERED)
		return may;
	want.address_count =
	        choose(leaves, record, &record->endpoints[endpoint], addresses, kept, kept_count);
	if (want.address_count == 0)
		return LEAVE_SHARED;
	*number = reset_ask(leaves->reset, &want);
	return LEAVE_ORDERED;
}
