/*
 * Endpoints as they run: their addresses (literals, and what the resolver knows of their names) and the health of those together.
 *
 * roster builds and frees them; decide counts their health before each election.
 */
#ifndef SHUNT_MONITOR_ENDPOINT_H
#define SHUNT_MONITOR_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "monitor/member.h"
#include "policy/health.h"
#include "resolve/resolve.h"

struct record;

/* What all endpoints of a roster share. */
struct endpoint_parts {
	struct targets *targets;
	struct resolver *resolver;
	/* A name of one of the record's endpoints resolves to something else than before. */
	void (*changed)(void *arg, struct record *record);
	void *arg;
};

struct endpoint {
	struct record *record;
	const char *record_name; /* as configured */
	const struct endpoint_config *config;
	const struct endpoint_parts *parts;
	struct member *members[SHUNT_ADDRESSES_MAX];
	size_t count;
	struct resolve_watch **watches; /* by source, NULL for a literal; NULL: all are literals */
	enum health_state health;
	enum target_view seen; /* what `health` was counted from, and what the answer goes by */
	uint64_t healthy_ms;   /* CLOCK_MONOTONIC; since when it is up */
	/* What was already reported as an event: */
	bool resolve_failed;
	size_t refused; /* this many local addresses were left out */
	bool more;      /* some do not fit the table */
};

/*
 * The first four fields are the caller's. `old`: the same endpoint before a reload, or NULL: what is known of the same addresses is
 * carried over.
 */
void endpoint_build(struct endpoint *endpoint, const struct endpoint *old);
/* What it holds; the caller owns the endpoint itself. */
void endpoint_free(struct endpoint *endpoint);

/*
 * Finds out which addresses count, and drops those that DNS no longer names as soon as they are not needed. Before endpoint_health() and
 * endpoint_count_health().
 */
void endpoint_refresh(struct endpoint *endpoint, uint64_t now_us);

/* What the health would be. */
enum health_state endpoint_health(const struct endpoint *endpoint, enum target_view view);

/* The health is that from now on, and so is each member's. */
void endpoint_count_health(struct endpoint *endpoint, enum target_view view, uint64_t now_ms);

/* Which members are part of the answer: those that are up, else those without a verdict, else all. */
void endpoint_answers(const struct endpoint *endpoint, bool answers[SHUNT_ADDRESSES_MAX]);

/* Why its names do not resolve: "standby.example.net: NXDOMAIN"; NULL: they do. */
const char *endpoint_resolve_error(const struct endpoint *endpoint);

/* How many of its names have had no answer yet. */
size_t endpoint_unresolved(const struct endpoint *endpoint);

#endif
