/*
 * Targets: what is probed. One for each check, asker (as far as the check depends on it) and address, however many endpoints
 * ask for it, so that a probe is made once for everyone and its health survives a reload.
 *
 * A disabled check's target is not probed. Nor is a calculated one's: it holds the targets of its checks at the same address, its
 * children, which may have other parents and users.
 *
 * roster takes a target for each address of each endpoint and gives it back; the monitor hears its verdicts.
 */
#ifndef SHUNT_MONITOR_TARGET_H
#define SHUNT_MONITOR_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "monitor/host_fault.h"
#include "probe/probe.h"

struct member;
struct saved;
struct target;

struct target_child {
	struct target *parent;
	struct target *target;
	LIST_ENTRY(target_child) sibling; /* in target->parents */
};

LIST_HEAD(target_parents, target_child);

/* Attempts that end without a verdict that counts: target_event has the events of it. */
struct target_doubt {
	uint64_t since_ms; /* CLOCK_MONOTONIC; 0: the last attempt had one */
	time_t since;      /* the same by the wall clock */
	enum health_side side;
	bool lasts;    /* for so many intervals that readers see it */
	bool reported; /* as an event */
};

struct target {
	struct target *next; /* in its bucket */
	char *key;
	const struct check *check;
	struct address address;
	struct probe *probe; /* NULL: disabled or calculated */
	struct target_child
	        *children; /* check->of_count of them; NULL: not calculated, or disabled */
	struct target_parents parents;
	struct health health;
	struct member *users;         /* linked by next_user */
	bool awaited;                 /* the table does not settle without its first verdict */
	char error[PROBE_DETAIL_MAX]; /* of the last verdict, when it was no pass; else "" */
	struct host_site site;
	uint64_t latency_us;           /* of the last pass; 0: none */
	uint64_t part_us[PROBE_PARTS]; /* of the same */
	time_t last_probe;             /* wall clock; 0: none */
	time_t certificate_expires; /* wall clock; of the peer's certificate; 0: it showed none */
	time_t certificate_warned;  /* the latest of those that was an event */
	uint32_t asked; /* an operator waits until probe_count() comes to it; 0: nobody did */
	struct target_doubt no_verdict;
	struct targets *targets;
};

/* A verdict has come. Returns the time in ms to the next probe, counted from the start of this one. */
typedef uint32_t target_verdict(void *arg, struct target *target,
                                const struct probe_result *result);

struct targets {
	struct target **buckets;
	size_t bucket_count; /* a power of two, or 0 */
	size_t count;
	size_t awaited; /* how many have `awaited` set */
	struct host_fault *host_fault;
	const struct saved *saved; /* health of another life, for new ones; NULL: none */
	struct prober *prober;
	const struct probe_kind *const *kinds; /* by enum check_type */
	target_verdict *verdict;
	void *arg;
};

void targets_init(struct targets *targets, struct prober *prober,
                  const struct probe_kind *const *kinds, struct host_fault *host_fault,
                  target_verdict *verdict, void *arg);

/*
 * The target of this identity, made when there is none: then `*made` is true. Adds no user. `asker` is the record's name and the
 * endpoint's id; they and `check` must live as long as the target, or until the same target is asked for again.
 */
struct target *targets_get(struct targets *targets, const struct check *check,
                           struct probe_asker asker, const struct address *address, bool *made);

/* What has no verdict yet is up until it has one. Of a calculated target: its children. */
void target_assume_up(struct target *target);

/* A calculated target's health and error, from its children's. True when one of the two changed. */
bool target_calculate(struct target *target);

/* What is taken for the health, while failures are not counted since they may be this host's fault. */
enum target_view {
	TARGET_COUNTED,   /* what the counted verdicts say */
	TARGET_IF_LOST,   /* what is gone is down; silence never makes an inverted check pass */
	TARGET_HERE_ALONE /* whatever is beyond this host is down */
};

enum health_state target_health(const struct target *target, enum target_view view);

/* A whole attempt from now on, or one of each of its children. Returns the longest timeout of those. */
uint32_t target_ask(struct target *target);

/*
 * The verdict that was asked for is there when `*probes` has come to `*asked`: attempts that have ended or, where it is
 * calculated, children that were asked and have ended one since.
 */
void target_asked(const struct target *target, uint32_t *probes, uint32_t *asked);

/* Probed over the network, beyond this host. */
bool target_is_remote(const struct target *target);

struct target *target_of_site(struct host_site *site);

/* How many failures in a row change its health, or confirm it. */
unsigned target_failures_needed(const struct target *target);

/* Nobody waits for its first verdict any more, since it has come. */
void target_arrived(struct target *target);

/* Frees the targets without users and parents. Not from within a verdict. */
void targets_sweep(struct targets *targets);

void targets_free(struct targets *targets);

#endif
