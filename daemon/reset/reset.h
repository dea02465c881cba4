/*
 * Has open connections reset by shunt-reset(8), the program that may. Nothing here waits: an order
 * is queued, sent when the helper is there, and given up when it does not answer in time.
 *
 *   reset          orders and their addresses, on the connections to the helper
 *   reset/link     one connection
 *   reset/orders   what came of the orders; their events
 *
 * The helper reads the configuration when it is connected to. So each configuration gets a new
 * connection; the one before ends when what it was asked is done.
 */
#ifndef SHUNT_RESET_RESET_H
#define SHUNT_RESET_RESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "reset/orders.h"

struct event_base;
struct reset;

struct reset *reset_new(struct event_base *base);
/* NULL is allowed. */
void reset_free(struct reset *reset);

/*
 * At the start and after each reload. `path`: where the helper listens, copied; NULL: there is none
 * for this daemon. `wanted`: a record has on_leave or on_return, so the helper should be there; if
 * false it is connected to only for an order.
 */
void reset_configure(struct reset *reset, const char *path, bool wanted);

struct reset_want {
	const char *record, *endpoint;
	enum order_cause cause;
	bool dry_run; /* count the connections, reset none */
	const struct address *addresses;
	size_t address_count; /* at least 1 */
	const uint16_t *ports;
	size_t port_count; /* 1 to SHUNT_RESET_PORTS_MAX */
};

/* Returns the order's number. All is copied. */
uint64_t reset_ask(struct reset *reset, const struct reset_want *want);

const struct orders_log *reset_orders(const struct reset *reset);
struct orders_counts reset_sums(const struct reset *reset);

/* For readers; NULL, a daemon without this part, has nothing to tell. */
/* Whether a record needs the helper, and whether it is there. */
bool reset_is_wanted(const struct reset *reset);
bool reset_is_ready(const struct reset *reset);

/* Why it is not there, in one line; NULL if it is, or nobody has asked yet. */
const char *reset_trouble(const struct reset *reset);

#endif
