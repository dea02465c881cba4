/*
 * Isolation: whether the silence of an endpoint is its own fault or this host's. Pure: no clock, no
 * library, no globals.
 *
 * A site is a target beyond this host. The silence of a site (a timeout, no route) counts against
 * it only if something beyond this host was heard since that silence began; until then its failures
 * are held. When every site has been silent for as long as would take it down, this host is
 * isolated: no failure counts until a site is heard, and then counting starts again from zero. With
 * fewer than two addresses there is nothing to compare, and silence always counts. A site that has
 * been silent for as long as would take it down is gone, whether or not that silence counts: a
 * record with a healthy endpoint does not wait for the verdict.
 *
 *   isolation_heard(), isolation_silent()   called for each result of a site
 *   isolation_due()                         called after that until it returns NULL: returns held
 *                                           failures that count now
 *
 * The caller owns the sites. Times are µs of CLOCK_MONOTONIC.
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
	uint64_t since_us; /* start of its present silence; 0 if it is not silent */
	unsigned silent;   /* number of failures since then */
	unsigned held;     /* number of those that were not counted */
	uint64_t lost;     /* isolation.epoch, if it was silent for long enough in that epoch */
	bool gone; /* its present silence has lasted long enough, whether or not it counts */
	bool listed;
};

TAILQ_HEAD(isolation_sites, isolation_site);

struct isolation {
	struct isolation_sites sites; /* in rotation: the site to probe next comes first */
	struct isolation_sites held;  /* sorted by the beginning of their silence, earliest first */
	size_t count;                 /* number of sites */
	uint64_t epoch;    /* incremented when something is heard, or a first failure is held */
	size_t lost;       /* number of sites found silent for long enough in this epoch */
	uint64_t heard_us; /* time at which any site was last heard; 0 if never */
	uint64_t began_us, ended_us; /* of the last isolation; 0 if there was none */
	bool isolated;
	bool off; /* set by the caller: silence always counts */
};

void isolation_init(struct isolation *isolation);

/*
 * Both may be called repeatedly; further calls have no effect. `address` must live as long as the
 * site.
 */
void isolation_add(struct isolation *isolation, struct isolation_site *site,
                   const struct address *address);
void isolation_remove(struct isolation *isolation, struct isolation_site *site);

/*
 * Something beyond this host was heard at `when_us`, possibly some time ago. Returns true if that
 * ends an isolation.
 */
bool isolation_heard(struct isolation *isolation, uint64_t when_us);

/* The last result of this site was an answer: its silence is over. */
void isolation_answered(struct isolation *isolation, struct isolation_site *site);

enum isolation_verdict {
	ISOLATION_COUNTS, /* counts like any other failure */
	ISOLATION_HELD,   /* it may count later: isolation_due() */
	ISOLATION_NEVER /* it never counts: this host is isolated, or was when the attempt began */
};

/*
 * An attempt from `started_us` to `now_us` ended in silence. `needed` is the number of consecutive
 * failures that take the site down. May set isolation->isolated.
 */
enum isolation_verdict isolation_silent(struct isolation *isolation, struct isolation_site *site,
                                        unsigned needed, uint64_t started_us, uint64_t now_us);

/*
 * Returns the next site whose held failures count from now on, and their number; NULL if there is
 * none.
 */
struct isolation_site *isolation_due(struct isolation *isolation, unsigned *failures);

/*
 * Must be called after sites were removed. Returns true if that ends an isolation, because too few
 * sites are left to decide.
 */
bool isolation_recount(struct isolation *isolation, uint64_t now_us);

/* Returns the next site to probe for a sign of life, in rotation; NULL if there are no sites. */
struct isolation_site *isolation_witness(struct isolation *isolation);

#endif
