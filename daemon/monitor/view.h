/*
 * What readers are shown of a record, and the words for it.
 *
 * Readers (control, report) call monitor_read(), which calls view_read(); decide and operate take their words from here. Everything
 * that is pointed to is valid until the loop turns.
 */
#ifndef SHUNT_MONITOR_VIEW_H
#define SHUNT_MONITOR_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "policy/election.h"
#include "probe/probe.h"

struct endpoint;
struct override;
struct record;

struct view_address {
	struct address address;
	enum health_state health;
	bool answers;           /* part of the answer while its endpoint answers */
	const char *last_error; /* NULL: the last probe passed, or there was none */
	uint64_t latency_us;    /* of the last probe that passed; 0: none */
	uint64_t part_us
	        [PROBE_PARTS]; /* of the same, from its start to the end of each part; 0: it has none */
	time_t last_probe;     /* wall clock; 0: none */
	time_t certificate_expires; /* wall clock; of the peer's certificate; 0: it showed none */
	uint32_t probes;            /* that have ended */
	uint32_t
	        asked; /* operate_check() has its verdict when `probes` comes to this; 0: never asked */
	unsigned against; /* results in a row that speak against `health`, */
	unsigned
	        needed; /* of so many that change it; 0: there is no check, or it has no probes of its own */
	unsigned held; /* failures that are not counted yet: it may be this host's fault */
	/* Wall clock; for three intervals or more probes have come to no verdict that counts; 0: they do. */
	time_t no_verdict_since;
	enum health_side no_verdict_side;
};

struct view_endpoint {
	const char *id;
	enum health_state health;
	const char *check;            /* type: "http", …; NULL: none */
	const struct check *settings; /* NULL: no check */
	uint32_t min_up;              /* addresses that must be up for the endpoint to be */
	const char *error;            /* of its names' resolution; NULL: none */
	struct view_address addresses[SHUNT_ADDRESSES_MAX];
	size_t address_count;
};

#define VIEW_REASON_MAX 460

struct view_record {
	const char *name;
	const char *const *aliases;
	size_t alias_count;
	int answer; /* as in struct election */
	bool holds; /* its endpoints are lost, and that may be this host's fault: the answer holds */
	char reason[VIEW_REASON_MAX]; /* in words */
	enum election_reason rule;    /* that led to it */
	int elected;                  /* the same, were nothing forced */
	enum all_down all_down;
	enum failback failback;
	uint64_t failback_delay_ms; /* as configured, and */
	uint64_t failback_wait_ms;  /* with the flap_penalty of now */
	time_t failback_at; /* wall clock; an earlier endpoint takes over if it stays up until then; 0: none waits */
	const struct override *override; /* NULL: none */
	int forced;                      /* with one: its endpoint */
	time_t since;                    /* wall clock: the last change of `answer` */
	uint64_t changes;                /* of `answer` that were events, since the start */
	struct view_endpoint endpoints[SHUNT_ENDPOINTS_MAX];
	size_t endpoint_count;
};

void view_read(const struct record *record, bool isolated, struct view_record *out);

/* The answering endpoint's id, "dns" or "fail". */
const char *view_answer(const struct record *record, int answer);

/* "secondary is down: connection refused", "secondary has no address yet" */
void view_endpoint_words(const struct endpoint *endpoint, char *text, size_t size);

/* Why this answer, in words. Returns `reason`. */
const char *view_reason(const struct record *record, bool isolated, char reason[VIEW_REASON_MAX]);

#endif
