/*
 * The view of a record that is presented to readers, and its texts.
 *
 * Readers (control, report) call monitor_read(), which calls view_read(); decide and operate use
 * the texts from here. All pointers are valid until the next iteration of the loop.
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
struct fleet;
struct override;
struct record;

struct view_address {
	struct address address;
	enum health_state health;
	bool answers;           /* part of the answer while its endpoint answers */
	bool may_follow;        /* a connection that another address did not take may go there */
	bool in_doubt;          /* only for a record with `connect`; so is may_follow */
	const char *last_error; /* NULL if the last probe passed, or there was none */
	uint64_t latency_us;    /* of the last probe that passed; 0 if there was none */
	/*
	 * Of the same probe, from its start to the end of each part; 0 if the part does not exist.
	 */
	uint64_t part_us[PROBE_PARTS];
	time_t last_probe; /* wall clock; 0 if there was none */
	/* Wall clock; expiry of the peer's certificate; 0 if it presented none. */
	time_t certificate_expires;
	uint32_t probes; /* number of probes that have ended */
	/* operate_check() has its verdict when `probes` reaches this value; 0: never requested. */
	uint32_t asked;
	unsigned against; /* number of consecutive results that contradict `health` */
	/*
	 * The number of those that changes it; 0 if there is no check, or it has no probes of its
	 * own.
	 */
	unsigned needed;
	/* State of the connection that is watched (policy/watching); NULL if none is. */
	const char *watch;
	unsigned held; /* failures that are not counted yet because they may be this host's fault */
	/*
	 * Wall clock; the time since which probes have had no verdict that counts, if that has
	 * lasted for three intervals or more; else 0.
	 */
	time_t no_verdict_since;
	enum health_side no_verdict_side;
};

struct view_endpoint {
	const char *id;
	enum health_state health;
	const char *check;            /* its type: "http", …; NULL if there is none */
	const struct check *settings; /* NULL: no check */
	/* Number of addresses that must be up for the endpoint to be up. */
	uint32_t min_up;
	const char *error; /* error of resolving its names; NULL if there is none */
	struct view_address addresses[SHUNT_ADDRESSES_MAX];
	size_t address_count;
};

#define VIEW_REASON_MAX 620

struct view_record {
	const char *name;
	const char *const *aliases;
	size_t alias_count;
	const struct record_config *config;
	const struct fleet *fleet; /* that decides for it; NULL: its scope is local */
	const char *mode;          /* by what it has its answer then: agree_words_mode() */
	int answer;                /* as in struct election */
	/* Its endpoints are lost, possibly by this host's fault, so the answer is held. */
	bool holds;
	char reason[VIEW_REASON_MAX]; /* as text */
	enum election_reason rule;    /* the rule that led to the answer */
	int elected;                  /* the answer without the override */
	enum all_down all_down;
	const uint16_t *ports; /* of the service */
	size_t port_count;
	enum reset_option on_leave, on_return;
	enum connect_option connect;
	enum failback failback;
	uint64_t failback_delay_ms; /* as configured */
	uint64_t failback_wait_ms;  /* the same plus the current flap_penalty */
	/*
	 * Wall clock; the time at which an earlier endpoint takes over if it stays up; 0 if none is
	 * waiting.
	 */
	time_t failback_at;
	const struct override *override; /* NULL if there is none */
	int forced;                      /* the endpoint of the override, if there is one */
	time_t since;                    /* wall clock: time of the last change of `answer` */
	/* Number of changes of `answer` reported as events since the start. */
	uint64_t changes;
	struct view_endpoint endpoints[SHUNT_ENDPOINTS_MAX];
	size_t endpoint_count;
};

void view_read(const struct record *record, bool isolated, struct view_record *out);

/* The answering endpoint's id, "dns" or "fail". */
const char *view_answer(const struct record *record, int answer);

/* "secondary is down: connection refused", "secondary has no address yet" */
void view_endpoint_words(const struct endpoint *endpoint, char *text, size_t size);

/* "www.example.com has no endpoint "x"; it has primary, secondary" */
void view_no_endpoint(const struct record *record, const char *id, char *text, size_t size);

/* The reason for this answer, as text. Returns `reason`. */
const char *view_reason(const struct record *record, bool isolated, char reason[VIEW_REASON_MAX]);

#endif
