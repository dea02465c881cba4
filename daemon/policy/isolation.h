/*
 * Isolation: whether the silence of an endpoint is its own fault or this host's. Pure: no clock, no library, no globals.
 *
 * A site is what is probed beyond this host. Silence (a timeout, no route) of one site counts against it only if something beyond
 * this host was heard since that silence began; until then its failures are held. When every site is silent for as long as would
 * take it down, this host is isolated: nothing counts until one is heard, and then all begins anew. Where there are fewer than two
 * addresses, nothing can be compared, and silence always counts. A site that has been silent for as long as would take it down is gone,
 * whether or not that counts: a record that has an endpoint which is healthy does not wait for the verdict.
 *
 *   isolation_heard(), isolation_silent()   for each result of a site
 *   isolation_due()                         after that, until it returns NULL: failures that were held and count now
 *
 * Whoever calls owns the sites. Times are µs of CLOCK_MONOTONIC.
 */
#ifndef SHUNT_POLICY_ISOLATION_H
#define SHUNT_POLICY_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/address.h"

struct isolation_site {
	TAILQ_ENTRY(isolation_site) place;   /* in isolation.sites */
	TAILQ_ENTRY(isolation_site) waiting; /* in isolation.held, while `held` is not 0 */
	const struct address *address;
	uint64_t since_us; /* when its present silence was first seen; 0: it is not silent */
	unsigned silent;   /* failures since then */
	unsigned held;     /* those of them that were not counted */
	uint64_t lost;     /* isolation.epoch, if it was silent for long enough in that epoch */
	bool gone; /* its present silence has lasted for long enough, whether or not it counts */
	bool listed;
};

TAILQ_HEAD(isolation_sites, isolation_site);

struct isolation {
	struct isolation_sites sites; /* whom to ask first comes first */
	struct isolation_sites held;  /* whose silence began first comes first */
	size_t count;                 /* of sites */
	uint64_t epoch;    /* begins when something is heard, or a first failure is held */
	size_t lost;       /* sites that are silent for long enough, seen in this epoch */
	uint64_t heard_us; /* when any site was last heard; 0: never */
	uint64_t began_us, ended_us; /* of the last isolation; 0: never */
	bool isolated;
	bool off; /* the caller's: silence always counts */
};

void isolation_init(struct isolation *isolation);

/* Either may be called again, without effect. `address` lives as long as the site. */
void isolation_add(struct isolation *isolation, struct isolation_site *site,
                   const struct address *address);
void isolation_remove(struct isolation *isolation, struct isolation_site *site);

/* Something beyond this host said something at `when_us`, perhaps some time ago. True when that ends an isolation. */
bool isolation_heard(struct isolation *isolation, uint64_t when_us);

/* It was the last result of this site: its silence is over. */
void isolation_answered(struct isolation *isolation, struct isolation_site *site);

enum isolation_verdict {
	ISOLATION_COUNTS, /* a failure like any other */
	ISOLATION_HELD,   /* it may count later: isolation_due() */
	ISOLATION_NEVER /* it never counts: this host is isolated, or was when the attempt began */
};

/*
 * An attempt from `started_us` to `now_us` ended in silence. `needed`: how many such failures in a row take the site
 * down. isolation->isolated may become true.
 */
enum isolation_verdict isolation_silent(struct isolation *isolation, struct isolation_site *site,
                                        unsigned needed, uint64_t started_us, uint64_t now_us);

/* The next site whose held failures count from now on, and how many they are; NULL: none. */
struct isolation_site *isolation_due(struct isolation *isolation, unsigned *failures);

/* After sites were removed: true when that ends an isolation, since too few are left to tell. */
bool isolation_recount(struct isolation *isolation, uint64_t now_us);

/* The next site to ask for a sign of life, each in turn; NULL: there are none. */
struct isolation_site *isolation_witness(struct isolation *isolation);

#endif
