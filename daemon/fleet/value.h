/*
 * The values of the fleet's keys: JSON that other hosts have written, which are not trusted.
 *
 *   PREFIX/hosts/HOST      a host and its votes
 *   PREFIX/orders/RECORD   an order
 *
 * Whatever does not have the form that this file writes is malformed as a whole.
 */
#ifndef SHUNT_FLEET_VALUE_H
#define SHUNT_FLEET_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "fleet/terms.h"

#define VALUE_MAX (256u << 10) /* bytes of a value */
#define VALUE_VOTES_MAX 10000u /* votes of a host */
#define VALUE_ID_LENGTH 32u    /* 128 bits, in hexadecimal */
#define VALUE_VERSION_MAX 32u

struct arena;

/* A host as it describes itself. */
struct value_host {
	char id[VALUE_ID_LENGTH + 1]; /* of that run of its daemon */
	const char *site, *version;
	bool isolated;
	struct fleet_host_vote *votes; /* sorted by record */
	size_t count;
	struct arena
	        *arena; /* owns all of the above, and this; NULL for one that the caller has made */
};

/* NULL if malformed. To be freed by value_host_free(). */
struct value_host *value_host_parse(const char *text, size_t length);
void value_host_free(struct value_host *host);

/*
 * The text, to be freed by the caller. Votes beyond VALUE_MAX bytes are left out; `*left_out` is their
 * number.
 */
char *value_host_format(const struct value_host *host, size_t *left_out);

/* NULL if there is none. */
const struct fleet_host_vote *value_host_find(const struct value_host *host, const char *record);

/* An order; all but `here`, which is false. */
struct value_order {
	struct fleet_order order;
	struct arena *arena; /* owns the hosts' names, and this */
};

struct value_order *value_order_parse(const char *text, size_t length);
void value_order_free(struct value_order *order);
char *value_order_format(const struct fleet_order *order);

/* 1 to FLEET_NAME_MAX letters, digits, '.', '_' and '-'. */
bool value_is_name(const char *text);

#endif
