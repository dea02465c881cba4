/*
 * Targets: what is probed. One for each check, effective host and address, however many endpoints ask for it, so that a
 * probe is made once for everyone and its health survives a reload.
 *
 * roster takes a target for each address of each endpoint and gives it back; the monitor hears its verdicts.
 */
#ifndef SHUNT_TARGET_H
#define SHUNT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "isolation.h"
#include "probe.h"

struct member;
struct target;

struct target {
	struct target *next; /* in its bucket */
	char *key;
	const struct check *check;
	struct address address;
	struct probe *probe;
	struct health health;
	struct member *users;         /* linked by next_user */
	bool awaited;                 /* the table does not settle without its first verdict */
	char error[PROBE_DETAIL_MAX]; /* of the last verdict, when it was no pass; else "" */
	struct isolation_site site;   /* listed while it is remote */
	uint64_t latency_us;          /* of the last pass; 0: none */
	time_t last_probe;            /* wall clock; 0: none */
	time_t certificate_expires;   /* wall clock; of the peer's certificate; 0: it showed none */
	time_t certificate_warned;    /* the latest of those that was an event */
	uint32_t asked; /* an operator waits until probe_count() comes to it; 0: nobody did */
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
	struct isolation isolation;
	struct prober *prober;
	const struct probe_kind *const *kinds; /* by enum check_type */
	target_verdict *verdict;
	void *arg;
};

void targets_init(struct targets *targets, struct prober *prober,
                  const struct probe_kind *const *kinds, target_verdict *verdict, void *arg);

/*
 * The target of this identity, made when there is none: then `*made` is true. Adds no user. `check` and `record` (a name) must
 * live as long as the target, or until the same target is asked for again.
 */
struct target *targets_get(struct targets *targets, const struct check *check, const char *record,
                           const struct address *address, bool *made);

/* Probed over the network, beyond this host. */
bool target_is_remote(const struct target *target);

struct target *target_of_site(struct isolation_site *site);

/* Nobody waits for its first verdict any more, since it has come. */
void target_arrived(struct target *target);

/* Frees the targets without users. Not from within a verdict. */
void targets_sweep(struct targets *targets);

void targets_free(struct targets *targets);

#endif
