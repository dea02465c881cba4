/*
 * Targets: the objects that are probed. There is one for each combination of check, asker (if the
 * check depends on it) and address, shared by all endpoints that use it, so that each probe is made
 * once and its health survives a reload.
 *
 * The target of a disabled check is not probed. Nor is that of a calculated check: it refers to the
 * targets of its checks at the same address, its children, which may have other parents and users.
 *
 * roster acquires a target for each address of each endpoint and releases it; the monitor receives
 * its verdicts.
 */
#ifndef SHUNT_ROSTER_TARGET_H
#define SHUNT_ROSTER_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "probe/probe.h"
#include "roster/host_fault.h"

struct member;
struct saved;
struct target;
struct watch;
struct watcher;

struct target_child {
	struct target *parent;
	struct target *target;
	LIST_ENTRY(target_child) sibling; /* in target->parents */
};

LIST_HEAD(target_parents, target_child);

/* Attempts that ended without a verdict that counts; target_event reports them. */
struct target_doubt {
	uint64_t since_ms; /* CLOCK_MONOTONIC; 0 if the last attempt had a verdict */
	time_t since;      /* the same on the wall clock */
	enum health_side side;
	bool lasts;    /* it has lasted for enough intervals to be shown to readers */
	bool reported; /* it was reported as an event */
};

struct target {
	struct target *next; /* the next target in its bucket */
	uint64_t key;        /* format_key() of its identity */
	struct probe_subject subject;
	struct probe *probe; /* NULL: disabled or calculated */
	struct watch *watch; /* NULL: the check does not say so */
	/* check->of_count elements; NULL if not calculated, or disabled. */
	struct target_child *children;
	struct target_parents parents;
	struct health health;
	struct member *users; /* linked by next_user */
	/* Set by target_explain(): of the last verdict if it was not a pass; else "". */
	const char *error;
	struct host_site site;
	uint32_t latency_us;           /* latency of the last pass; 0 if there was none */
	uint32_t part_us[PROBE_PARTS]; /* its parts */
	time_t last_probe;             /* wall clock; 0 if there was none */
	/* Wall clock; expiry of the peer's certificate; 0 if it presented none. */
	time_t certificate_expires;
	time_t certificate_warned; /* the latest expiry that was reported as an event */
	/* An operator waits until probe_count() reaches this value; 0 if no operator does. */
	uint32_t asked;
	/* The table does not settle before this target's first verdict. */
	bool awaited;
	bool in_doubt; /* target_in_doubt() when that was last published */
	/* A client reported a failure, and no attempt has ended since. */
	bool reported;
	struct target_doubt no_verdict;
	uint64_t reported_ms; /* CLOCK_MONOTONIC; when a report last made a probe due; 0: never */
	struct targets *targets;
};

/*
 * Called with each verdict. Returns the time in ms to the next probe, counted from the start of
 * this one.
 */
typedef uint32_t target_verdict(void *arg, struct target *target,
                                const struct probe_result *result);

struct targets {
	struct target **buckets;
	size_t bucket_count; /* a power of two, or 0 */
	size_t count;
	size_t awaited; /* number of targets with `awaited` set */
	struct host_fault *host_fault;
	/* Health saved by the previous run, for new targets; NULL if there is none. */
	const struct saved *saved;
	struct prober *prober;
	struct watcher *watches;               /* NULL: nothing is watched */
	const struct probe_kind *const *kinds; /* indexed by enum check_type */
	target_verdict *verdict;
	void *arg;
};

void targets_init(struct targets *targets, struct prober *prober,
                  const struct probe_kind *const *kinds, struct host_fault *host_fault,
                  target_verdict *verdict, void *arg);

/*
 * Returns the target with this identity. If there is none, creates it and sets `*made`. Does not
 * add a user. `asker` is the record's name and the endpoint's id; they and `check` must live as
 * long as the target, or until the same target is requested again.
 */
struct target *targets_get(struct targets *targets, const struct check *check,
                           struct probe_asker asker, const struct address *address, bool *made);

/*
 * Treats a target without a verdict as up until it has one. For a calculated target this applies to
 * its children.
 */
void target_assume_up(struct target *target);

/* Sets `error` to a copy of that text; without memory for one, to a text that says so. */
void target_explain(struct target *target, const char *error);

/*
 * Computes a calculated target's health and error from its children's. Returns true if one of the
 * two changed.
 */
bool target_calculate(struct target *target);

/* Which health is used while failures are held because they may be this host's fault. */
enum target_view {
	TARGET_COUNTED, /* the health according to the counted verdicts */
	/* Targets that are gone are down; silence never makes an inverted check pass. */
	TARGET_IF_LOST,
	TARGET_HERE_ALONE /* everything beyond this host is down */
};

enum health_state target_health(const struct target *target, enum target_view view);

/*
 * Whether its health may be about to change: the last verdict contradicts it or is held, or there
 * is none yet, or a client has reported a failure and the probe made for it has not ended. A calculated target is in doubt if one of its children is.
 */
bool target_in_doubt(const struct target *target);

/*
 * Requests a complete attempt starting now, or one for each child. Returns the longest of their
 * timeouts.
 */
uint32_t target_ask(struct target *target);

/*
 * The requested verdict is available when `*probes` has reached `*asked`. These count attempts that
 * have ended or, for a calculated target, children that were requested and have ended one since.
 */
void target_asked(const struct target *target, uint32_t *probes, uint32_t *asked);

/* A probe of the target ended, and its verdict has been counted: what is watched depends on it. */
void target_watch(struct target *target, enum verdict verdict);

/* Whether the target is probed over the network, beyond this host. */
bool target_is_remote(const struct target *target);

struct target *target_of_site(struct host_site *site);

/* Number of consecutive failures that change its health, or confirm it. */
unsigned target_failures_needed(const struct target *target);

/* Marks the target as no longer awaited, since its first verdict has arrived. */
void target_arrived(struct target *target);

/*
 * Frees the targets without users and parents. Must not be called while a verdict is being handled.
 */
void targets_sweep(struct targets *targets);

void targets_free(struct targets *targets);

#endif
