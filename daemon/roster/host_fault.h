/*
 * Decides whether a silence is the endpoint's fault or this host's. The decision itself is made by
 * policy/isolation; this module owns its state and connects it to probes, events and the loop. No
 * other code reads or writes that state.
 *
 *   target    calls host_fault_add() and host_fault_remove() for targets probed over the network
 *   monitor   calls host_fault_judge() for each result before it counts, host_fault_hear() for other
 *             signs of life, and host_fault_recount() after targets were freed
 *
 * A failure that counts only later is reported through `counts`. Meanwhile other sites are probed
 * as witnesses, and `ask` is called for others, so that evidence arrives within milliseconds and not
 * when their next probes are due.
 */
#ifndef SHUNT_ROSTER_HOST_FAULT_H
#define SHUNT_ROSTER_HOST_FAULT_H

#include <stdbool.h>

#include "policy/isolation.h"
#include "probe/probe.h"

struct event_base;
struct host_fault;

/* The representation of a target in this module. Owned by the target. */
struct host_site {
	struct isolation_site isolation; /* listed while the target is remote */
};

/* An attempt on a site that has ended. */
struct host_attempt {
	const struct probe_result *result;
	const struct address *address; /* valid as long as the site */
	bool remote;                   /* it was made over the network, beyond this host */
	/* Number of consecutive failures that change the target's health, or confirm it. */
	unsigned needed;
};

struct host_fault_user {
	/*
	 * Called when failures of earlier attempts count after all. `site` may be the one that is
	 * being judged.
	 */
	void (*counts)(void *arg, struct host_site *site, unsigned failures);
	/* Called to probe a site now, as a witness. */
	void (*probe)(void *arg, struct host_site *site);
	/*
	 * Called to look for signs of life that are not probes: they go to host_fault_hear(). NULL:
	 * there are none.
	 */
	void (*ask)(void *arg);
	void *arg;
};

struct host_fault *host_fault_new(struct event_base *base, const struct host_fault_user *user);
/* Must be called after all sites were removed. */
void host_fault_free(struct host_fault *fault);

/* Both functions may be called repeatedly; further calls have no effect. */
void host_fault_add(struct host_fault *fault, struct host_site *site,
                    const struct address *address);
void host_fault_remove(struct host_fault *fault, struct host_site *site);

/*
 * Returns the verdict that counts: the verdict of the result, or VERDICT_NONE for a failure that
 * may be this host's fault.
 */
enum verdict host_fault_judge(struct host_fault *fault, struct host_site *site,
                              const struct host_attempt *attempt);

/*
 * Something beyond this host, which is no site, has answered. `what`: the reason in the event if that
 * ends an isolation.
 */
void host_fault_hear(struct host_fault *fault, const char *what);

void host_fault_recount(struct host_fault *fault);

/* Whether the site is beyond this host, as far as is known. */
bool host_fault_knows(const struct host_site *site);

/*
 * Whether `site` has been silent long enough to be taken down, whether or not that silence counts.
 */
bool host_fault_is_gone(const struct host_site *site);

/* If false, silence always counts and this host is never isolated. The default is true. */
void host_fault_enable(struct host_fault *fault, bool enabled);

/* Whether no site beyond this host answers. */
bool host_fault_is_isolated(const struct host_fault *fault);

#endif
