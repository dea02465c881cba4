/*
 * The status as `shunt status` shows it, read from the lines that the daemon tells with ?format=tsv: JSON of a thousand records takes
 * longer to read than a person at a terminal should wait. docs/openapi.yaml says what stands in them. Pure.
 */
#ifndef SHUNT_CLI_API_LISTING_H
#define SHUNT_CLI_API_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Strings are never NULL; "" is nothing. They are printable ASCII, whatever was told. */

struct listing_address {
	const char *address, *health, *last_error;
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

struct listing {
	bool settled, isolated;
	struct listing_record *records;
	size_t record_count;
	/* What the above is part of. Without a text nothing was read, or it is freed. */
	char *text;
	struct listing_endpoint *endpoints;
	struct listing_address *addresses;
};

/*
 * Takes `text` over, which ends with a zero. False when it is something else, or broken off, or there is no memory: then there is
 * nothing to free.
 */
bool listing_read(struct listing *listing, char *text);

void listing_free(struct listing *listing);

#endif
