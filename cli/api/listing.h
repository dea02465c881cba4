/*
 * The status as `shunt status` shows it, parsed from the lines of ?format=tsv: JSON of a thousand
 * records takes longer to parse than a user at a terminal should have to wait. docs/openapi.yaml
 * documents the fields. Pure.
 */
#ifndef SHUNT_CLI_API_LISTING_H
#define SHUNT_CLI_API_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Strings are never NULL; "" means none. They are always printable ASCII. */

struct listing_address {
	const char *address, *health, *last_error;
	const char *watch; /* the connection that is watched: "held", …; "" if none is wanted */
	double latency_ms; /* negative: none */
};

struct listing_endpoint {
	const char *id, *health, *check, *error;
	struct listing_address *addresses;
	size_t address_count;
};

struct listing_record {
	const char *name, *active, *answer, *all_down, *reason;
	time_t since; /* 0: unknown */
	struct listing_endpoint *endpoints;
	size_t endpoint_count;
};

struct listing_door {
	const char *cgroup, *state;
	const char *reason; /* why it is not attached */
};

struct listing {
	bool settled, isolated;
	const char *reset_error; /* why open connections cannot be reset */
	const char *fleet_error; /* why this host has no part in its fleet */
	struct listing_record *records;
	size_t record_count;
	struct listing_door *doors;
	size_t door_count;
	/*
	 * The text that the strings above point into. NULL: nothing was read, or the listing was
	 * freed.
	 */
	char *text;
	struct listing_endpoint *endpoints;
	struct listing_address *addresses;
};

/*
 * Takes ownership of `text`, which is zero-terminated. Returns false if it is not a listing, is
 * truncated, or memory has run out; then there is nothing to free.
 */
bool listing_read(struct listing *listing, char *text);

void listing_free(struct listing *listing);

#endif
