#include "probe/queue.h"

#include <string.h>

void queue_init(struct queue *queue, unsigned in_flight_max)
{
	memset(queue, 0, sizeof(*queue));
	queue->in_flight_max = in_flight_max ? in_flight_max : 1;
	queue->programs_max = (queue->in_flight_max + 1) / 2;
	if (queue->programs_max > PROBE_PROGRAMS_MAX)
		queue->programs_max = PROBE_PROGRAMS_MAX;
	for (int cost = 0; cost < PROBE_COSTS; cost++)
		TAILQ_INIT(&queue->waiting[cost]);
}

void queue_add(struct queue *queue, struct queue_item *item, enum probe_cost cost)
{
	item->number = queue->numbers++;
	TAILQ_INSERT_TAIL(&queue->waiting[cost], item, link);
}

void queue_remove(struct queue *queue, struct queue_item *item, enum probe_cost cost)
{
	TAILQ_REMOVE(&queue->waiting[cost], item, link);
}

void queue_open_window(struct queue *queue, uint64_t now_us)
{
	if (now_us - queue->window_us < QUEUE_WINDOW_US)
		return;
	queue->window_us = now_us;
	queue->expensive_left = QUEUE_EXPENSIVE_A_WINDOW;
}

static bool may_start(const struct queue *queue, enum probe_cost cost)
{
	return cost == PROBE_CHEAP ||
	       (queue->expensive_left > 0 &&
	        (cost != PROBE_PROGRAM || queue->programs < queue->programs_max));
}

struct queue_item *queue_next(const struct queue *queue, uint64_t end)
{
	struct queue_item *next = NULL;

	for (int cost = 0; cost < PROBE_COSTS; cost++) {
		struct queue_item *head = TAILQ_FIRST(&queue->waiting[cost]);

		if (head && head->number < end && may_start(queue, (enum probe_cost)cost) &&
		    (!next || head->number < next->number))
			next = head;
	}
	return next;
}

void queue_began(struct queue *queue, enum probe_cost cost)
{
	queue->in_flight++;
	queue->programs += cost == PROBE_PROGRAM;
	queue->expensive_left -= cost != PROBE_CHEAP;
}

void queue_ended(struct queue *queue, enum probe_cost cost)
{
	queue->in_flight--;
	queue->programs -= cost == PROBE_PROGRAM;
}

bool queue_has_room(const struct queue *queue)
{
	return queue->in_flight < queue->in_flight_max;
}

bool queue_is_empty(const struct queue *queue)
{
	for (int cost = 0; cost < PROBE_COSTS; cost++) {
		if (!TAILQ_EMPTY(&queue->waiting[cost]))
			return false;
	}
	return true;
}

bool queue_turn_us(const struct queue *queue, uint64_t now_us, uint64_t *delay_us)
{
	uint64_t passed_us = now_us - queue->window_us;

	*delay_us = 0;
	if (!queue_has_room(queue))
		return false;
	if (queue_next(queue, UINT64_MAX))
		return true;
	*delay_us = passed_us < QUEUE_WINDOW_US ? QUEUE_WINDOW_US - passed_us : 0;
	return queue->expensive_left == 0 && !queue_is_empty(queue);
}
