/*
 * Endpoints at run time: their addresses (literals, and the results of resolving their names) and
 * the combined health of those addresses.
 *
 * roster builds and frees endpoints; decide counts their health before each election.
 */
#ifndef SHUNT_ROSTER_ENDPOINT_H
#define SHUNT_ROSTER_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "policy/health.h"
#include "resolve/resolve.h"
#include "roster/member.h"

struct record;

/* State shared by all endpoints of a roster. */
struct endpoint_parts {
	struct targets *targets;
	struct resolver *resolver;
	/*
	 * Called when a name of one of the record's endpoints resolves to a different answer than
	 * before.
	 */
	void (*changed)(void *arg, struct record *record);
	void *arg;
};

struct endpoint {
	struct record *record;
	const char *record_name; /* as configured */
	const struct endpoint_config *config;
	const struct endpoint_parts *parts;
	struct member **members; /* room for `room` of them; `first` as long as that is 1 */
	struct member *first;
	/* By source, NULL for a literal; NULL if all sources are literals. */
	struct resolve_watch **watches;
	uint64_t healthy_ms; /* CLOCK_MONOTONIC; time since which it has been up */
	enum health_state health;
	/* The view that `health` was computed from, and that the answer uses. */
	enum target_view seen;
	uint8_t count, room; /* of the members: at most SHUNT_ADDRESSES_MAX */
	/* What has already been reported as an event: */
	bool resolve_failed;
	bool more;        /* some addresses do not fit the table */
	uint32_t refused; /* number of local addresses that were left out */
};

/*
 * The caller sets the first four fields; the others are zero. The struct must not be moved after
 * that: `members` may point to `first`. `old`: the same endpoint before a reload, or NULL; state of
 * addresses that are in both is carried over.
 */
void endpoint_build(struct endpoint *endpoint, const struct endpoint *old);
/* Frees the contents; the caller owns the struct itself. */
void endpoint_free(struct endpoint *endpoint);

/*
 * Determines which addresses count, and drops those that are no longer in DNS as soon as they are
 * not needed. Must be called before endpoint_health() and endpoint_count_health().
 */
void endpoint_refresh(struct endpoint *endpoint, uint64_t now_us);

/* The health that the endpoint would have under `view`. */
enum health_state endpoint_health(const struct endpoint *endpoint, enum target_view view);

/* Sets the health of the endpoint and of each member to the one under that view. */
void endpoint_count_health(struct endpoint *endpoint, enum target_view view, uint64_t now_ms);

/*
 * Which members are part of the answer: those that are up; if there are none, those without a
 * verdict; otherwise all.
 */
void endpoint_answers(const struct endpoint *endpoint, bool answers[SHUNT_ADDRESSES_MAX]);

/* Why its names do not resolve: "standby.example.net: NXDOMAIN"; NULL if they do. */
const char *endpoint_resolve_error(const struct endpoint *endpoint);

/* Number of its names that have not been answered yet. */
size_t endpoint_unresolved(const struct endpoint *endpoint);

#endif
