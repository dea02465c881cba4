#include "fleet/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

static size_t place_of(const struct commands *orders, const char *record)
{
	size_t low = 0, high = orders->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcasecmp(orders->list[middle]->record, record) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct commands *orders, size_t place, const char *record)
{
	return place < orders->count && strcasecmp(orders->list[place]->record, record) == 0;
}

static struct commands_order *insert(struct commands *orders, size_t place, const char *record)
{
	struct commands_order *order = memory_calloc(1, sizeof(*order));

	if (orders->count == orders->room) {
		orders->room = orders->room ? orders->room * 2 : 8;
		orders->list =
		        memory_reallocarray(orders->list, orders->room, sizeof(*orders->list));
	}
	memmove(&orders->list[place + 1], &orders->list[place],
	        (orders->count - place) * sizeof(*orders->list));
	orders->list[place] = order;
	orders->count++;
	snprintf(order->record, sizeof(order->record), "%s", record);
	return order;
}

bool commands_put(struct commands *orders, const char *record, struct value_order *value)
{
	const size_t place = place_of(orders, record);
	struct commands_order *order;

	if (!is_at(orders, place, record) && orders->count == COMMANDS_MAX) {
		value_order_free(value);
		return false;
	}
	order = is_at(orders, place, record) ? orders->list[place] : insert(orders, place, record);
	value_order_free(order->value);
	order->value = value;
	order->seen = true;
	orders->changed(orders->arg, order->record);
	return true;
}

static void remove_at(struct commands *orders, size_t place)
{
	struct commands_order *order = orders->list[place];

	memmove(&orders->list[place], &orders->list[place + 1],
	        (orders->count - place - 1) * sizeof(*orders->list));
	orders->count--;
	orders->changed(orders->arg, order->record);
	value_order_free(order->value);
	free(order);
}

void commands_remove(struct commands *orders, const char *record)
{
	const size_t place = place_of(orders, record);

	if (is_at(orders, place, record))
		remove_at(orders, place);
}

void commands_begin(struct commands *orders)
{
	for (size_t i = 0; i < orders->count; i++)
		orders->list[i]->seen = false;
}

void commands_end(struct commands *orders)
{
	for (size_t i = orders->count; i > 0; i--) {
		if (!orders->list[i - 1]->seen)
			remove_at(orders, i - 1);
	}
}

void commands_free(struct commands *orders)
{
	for (size_t i = 0; i < orders->count; i++) {
		value_order_free(orders->list[i]->value);
		free(orders->list[i]);
	}
	free(orders->list);
	orders->list = NULL;
	orders->count = orders->room = 0;
}

const struct fleet_order *commands_find(const struct commands *orders, const char *record)
{
	const size_t place = place_of(orders, record);

	return is_at(orders, place, record) ? &orders->list[place]->value->order : NULL;
}

time_t commands_next_end(const struct commands *orders, time_t now)
{
	time_t next = 0;

	for (size_t i = 0; i < orders->count; i++) {
		const time_t until = orders->list[i]->value->order.until;

		if (until > now && (next == 0 || until < next))
			next = until;
	}
	return next;
}
