#include "door/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "door/place.h"

/* --- collecting ------------------------------------------------------------------------------- */

/* Room for one more element: the array has `count` of `*room`. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? 2 * *room : 64;
	return memory_reallocarray(array, *room, size);
}

static void add_answer(struct plan *plan, const struct shunt_door_place *place)
{
	plan->answers = grow(plan->answers, plan->answer_count, &plan->answer_room,
	                     sizeof(plan->answers[0]));
	plan->answers[plan->answer_count++] = *place;
}

static void add_lead(struct plan *plan, const struct shunt_door_place *from,
                     const struct shunt_door_place *to)
{
	plan->leads = grow(plan->leads, plan->lead_count, &plan->lead_room, sizeof(plan->leads[0]));
	plan->leads[plan->lead_count] =
	        (struct plan_lead){ { *from, *to }, (uint32_t)plan->lead_count };
	plan->lead_count++;
}

/* Where connections go on a port, for each family: the first address, as programs take it. */
struct goal {
	struct shunt_door_place place[2];
	bool exists[2]; /* by place_is_ipv4() */
};

static void find_goal(struct plan *plan, const struct publish_endpoint *endpoint, uint16_t port,
                      struct goal *goal)
{
	struct shunt_door_place place;

	*goal = (struct goal){ 0 };
	for (size_t i = 0; i < endpoint->count; i++) {
		if (!(endpoint->flags[i] & SHUNT_ADDRESS_ANSWER) ||
		    !place_make(&endpoint->addresses[i], port, &place))
			continue;
		add_answer(plan, &place);
		if (!goal->exists[place_is_ipv4(&place)])
			goal->place[place_is_ipv4(&place)] = place;
		goal->exists[place_is_ipv4(&place)] = true;
	}
}

static void lead_endpoint(struct plan *plan, const struct publish_endpoint *endpoint, uint16_t port,
                          const struct goal *goal)
{
	struct shunt_door_place place;

	for (size_t i = 0; i < endpoint->count; i++) {
		if (place_make(&endpoint->addresses[i], port, &place) &&
		    goal->exists[place_is_ipv4(&place)])
			add_lead(plan, &place, &goal->place[place_is_ipv4(&place)]);
	}
}

void plan_record(struct plan *plan, const struct plan_record *record)
{
	struct goal goal;

	if (record->answer < 0 || (size_t)record->answer >= record->endpoint_count)
		return;
	for (size_t i = 0; i < record->port_count; i++) {
		find_goal(plan, &record->endpoints[record->answer], record->ports[i], &goal);
		for (size_t k = 0; k < record->endpoint_count; k++)
			lead_endpoint(plan, &record->endpoints[k], record->ports[i], &goal);
	}
}

/* --- finishing -------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct shunt_door_place));
}

static int by_place_and_order(const void *a, const void *b)
{
	const struct plan_lead *one = a, *other = b;
	int order = by_place(&one->change.from, &other->change.from);

	return order ? order : one->order < other->order ? -1 : one->order > other->order;
}

static bool does_answer(const struct plan *plan, const struct shunt_door_place *place)
{
	return plan->answer_count > 0 && bsearch(place, plan->answers, plan->answer_count,
	                                         sizeof(plan->answers[0]), by_place);
}

/* The first lead from each place that does not answer. */
static void keep_leads(struct plan *plan)
{
	const struct shunt_door_place *last = NULL;

	plan->changes = memory_calloc(plan->lead_count + 1, sizeof(plan->changes[0]));
	for (size_t i = 0; i < plan->lead_count; i++) {
		const struct shunt_door_change *change = &plan->leads[i].change;

		if ((!last || by_place(last, &change->from) != 0) &&
		    !does_answer(plan, &change->from))
			plan->changes[plan->count++] = *change;
		last = &change->from;
	}
}

void plan_finish(struct plan *plan)
{
	if (plan->answer_count > 0)
		qsort(plan->answers, plan->answer_count, sizeof(plan->answers[0]), by_place);
	if (plan->lead_count > 0)
		qsort(plan->leads, plan->lead_count, sizeof(plan->leads[0]), by_place_and_order);
	keep_leads(plan);
	if (plan->count > SHUNT_DOOR_ENTRIES_MAX)
		plan->count = SHUNT_DOOR_ENTRIES_MAX;
	free(plan->leads);
	free(plan->answers);
	*plan = (struct plan){ .changes = plan->changes, .count = plan->count };
}

void plan_free(struct plan *plan)
{
	free(plan->changes);
	free(plan->leads);
	free(plan->answers);
	*plan = (struct plan){ 0 };
}

/* --- differences ------------------------------------------------------------------------------ */

struct shunt_door_change *plan_difference(const struct plan *before, const struct plan *after,
                                          size_t *count)
{
	struct shunt_door_change *out =
	        memory_calloc(before->count + after->count + 1, sizeof(*out));
	size_t old = 0, new = 0;

	*count = 0;
	while (old < before->count || new < after->count) {
		const struct shunt_door_change *a = &before->changes[old],
		                               *b = &after->changes[new];
		int order = old == before->count ? 1 : new == after->count ? -1 : by_place(a, b);

		if (order < 0)
			out[(*count)++] = (struct shunt_door_change){ a->from, a->from };
		else if (order > 0 || by_place(&a->to, &b->to) != 0)
			out[(*count)++] = *b;
		old += order <= 0;
		new += order >= 0;
	}
	return out;
}
