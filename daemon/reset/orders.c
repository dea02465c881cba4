#include "reset/orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "event/event.h"

void orders_init(struct orders_log *orders)
{
	TAILQ_INIT(&orders->list);
	orders->count = 0;
	orders->last = 0;
}

static void drop(struct orders_log *orders, struct reset_order *order)
{
	TAILQ_REMOVE(&orders->list, order, link);
	orders->count--;
	free(order->record);
	free(order->endpoint);
	free(order);
}

void orders_free(struct orders_log *orders)
{
	while (!TAILQ_EMPTY(&orders->list))
		drop(orders, TAILQ_FIRST(&orders->list));
}

/* The oldest ones stay while they are not done: somebody counts on them. */
static void shorten(struct orders_log *orders, size_t count)
{
	struct reset_order *oldest;

	while (orders->count > count) {
		oldest = TAILQ_LAST(&orders->list, reset_order_list);
		if (oldest->left > 0)
			return;
		drop(orders, oldest);
	}
}

struct reset_order *orders_add(struct orders_log *orders, const char *record, const char *endpoint)
{
	struct reset_order *order = memory_calloc(1, sizeof(*order));

	shorten(orders, ORDERS_KEPT - 1);
	order->number = ++orders->last;
	order->record = memory_strdup(record);
	order->endpoint = memory_strdup(endpoint);
	order->time = time(NULL);
	TAILQ_INSERT_HEAD(&orders->list, order, link);
	orders->count++;
	return order;
}

const struct reset_order *orders_find(const struct orders_log *orders, uint64_t number)
{
	const struct reset_order *order;

	TAILQ_FOREACH (order, &orders->list, link) {
		if (order->number == number)
			return order;
	}
	return NULL;
}

const char *orders_cause_word(enum order_cause cause)
{
	static const char *const words[] = {
		[ORDER_LOST] = "lost", [ORDER_RETURNED] = "returned", [ORDER_BY_HAND] = "by hand"
	};

	return words[cause];
}

/* "10 of 12 connections reset, 1 had ended, 1 cannot be reset" */
static void say(const struct reset_order *order, char *text, size_t size)
{
	const struct order_counts *counts = &order->counts;
	int n = snprintf(text, size, "%u of %u connections reset", counts->reset, counts->found);

	if (counts->gone && n > 0 && (size_t)n < size)
		n += snprintf(text + n, size - (size_t)n, ", %u had ended", counts->gone);
	if (counts->kept && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n, ", %u cannot be reset", counts->kept);
}

static void announce(const struct reset_order *order)
{
	const bool failed = order->error[0];
	char text[160];

	say(order, text, sizeof(text));
	event_emit(&(struct event_record){ .type = failed ? EVENT_RESET_FAILED
	                                                  : EVENT_CONNECTIONS_RESET,
	                                   .record = order->record,
	                                   .endpoint = order->endpoint,
	                                   .reason = failed ? order->error : text });
}

static void finish(const struct reset_order *order, struct orders_counts *sums)
{
	if (order->dry_run)
		return;
	sums->reset += order->counts.reset;
	sums->failed += order->error[0] != '\0';
	sums->done += !order->error[0];
	if (order->error[0] || order->counts.found > 0)
		announce(order);
}

void orders_advance(struct orders_log *orders, struct reset_order *order,
                    const struct order_counts *counts, const char *error,
                    struct orders_counts *sums)
{
	order->counts.found += counts->found;
	order->counts.reset += counts->reset;
	order->counts.gone += counts->gone;
	order->counts.kept += counts->kept;
	if (error)
		snprintf(order->error, sizeof(order->error), "%s", error);
	if (--order->left > 0)
		return;
	finish(order, sums);
	shorten(orders, ORDERS_KEPT);
}
