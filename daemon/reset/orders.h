/*
 * What was reset, or is being: an order for each endpoint, of one or more addresses, each with its
 * number; the last ones are kept for readers.
 */
#ifndef SHUNT_RESET_ORDERS_H
#define SHUNT_RESET_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#define ORDERS_KEPT 64u /* those that are not done are kept besides */

enum order_cause { ORDER_LOST, ORDER_RETURNED, ORDER_BY_HAND };

struct order_counts {
	uint32_t found;
	uint32_t reset;
	uint32_t gone; /* ended by themselves before their turn */
	uint32_t kept; /* of a kind that cannot be reset */
};

struct reset_order {
	uint64_t number; /* from 1 */
	char *record, *endpoint;
	enum order_cause cause;
	bool dry_run;
	time_t time; /* wall clock */
	struct order_counts counts;
	unsigned left;   /* addresses that are not done; 0: done */
	char error[320]; /* of the last address that failed; "" if none did */
	TAILQ_ENTRY(reset_order) link;
};

TAILQ_HEAD(reset_order_list, reset_order);

struct orders_log {
	struct reset_order_list list; /* the newest first */
	size_t count;
	uint64_t last; /* number of the newest; 0: none */
};

/* Since the start, of orders that reset. */
struct orders_counts {
	uint64_t reset;        /* connections */
	uint64_t done, failed; /* orders */
};

void orders_init(struct orders_log *orders);
void orders_free(struct orders_log *orders);

/* The texts are copied. The caller sets `left`. */
struct reset_order *orders_add(struct orders_log *orders, const char *record, const char *endpoint);

/* NULL if it is not kept. */
const struct reset_order *orders_find(const struct orders_log *orders, uint64_t number);

/*
 * One address is done: `counts`, or it failed: `error`. Emits the event of an order that is done; it
 * may be gone afterwards, if others were added since.
 */
void orders_advance(struct orders_log *orders, struct reset_order *order,
                    const struct order_counts *counts, const char *error,
                    struct orders_counts *sums);

/* "lost", "returned", "by hand" */
const char *orders_cause_word(enum order_cause cause);

#endif
