/*
 * Is a silence the endpoint's fault or this host's? policy/isolation decides; this room owns that decision's state and wires it to
 * probes, events and the loop. Nothing else reads or writes it.
 *
 *   target    host_fault_add() and host_fault_remove() for each target that is probed over the network
 *   monitor   host_fault_judge() for each result, before it counts; host_fault_recount() after targets were freed
 *
 * A failure that counts only later comes back through `counts`. Meanwhile other sites are probed as witnesses, so that evidence comes
 * in milliseconds and not when their turn is.
 */
#ifndef SHUNT_MONITOR_HOST_FAULT_H
#define SHUNT_MONITOR_HOST_FAULT_H

#include <stdbool.h>

#include "policy/isolation.h"
#include "probe/probe.h"

struct event_base;
struct host_fault;

/* A target, as it is known here. The target owns it. */
struct host_site {
	struct isolation_site isolation; /* listed while it is remote */
	struct probe *probe;
};

/* An attempt on a site that has ended. */
struct host_attempt {
	const struct probe_result *result;
	const struct address *address; /* lives as long as the site */
	bool remote;                   /* over the network, beyond this host */
	unsigned needed; /* such failures in a row change the target's health, or confirm it */
};

/* Failures of earlier attempts count now. `site` may be the one that is being judged. */
typedef void host_fault_counts(void *arg, struct host_site *site, unsigned failures);

struct host_fault *host_fault_new(struct event_base *base, host_fault_counts *counts, void *arg);
/* After all sites were removed. */
void host_fault_free(struct host_fault *fault);

/* Both may be called again, without effect. */
void host_fault_add(struct host_fault *fault, struct host_site *site,
                    const struct address *address);
void host_fault_remove(struct host_fault *fault, struct host_site *site);

/* The verdict that counts: the result's own, or VERDICT_NONE for a failure that may be this host's fault. */
enum verdict host_fault_judge(struct host_fault *fault, struct host_site *site,
                              const struct host_attempt *attempt);

void host_fault_recount(struct host_fault *fault);

/* It is beyond this host, as far as is known. */
bool host_fault_knows(const struct host_site *site);

/* `site` has been silent for as long as would take it down, whether or not that counts. */
bool host_fault_is_gone(const struct host_site *site);

/* False: silence always counts, and this host is never isolated. True until told otherwise. */
void host_fault_enable(struct host_fault *fault, bool enabled);

/* No site beyond this host answers. */
bool host_fault_is_isolated(const struct host_fault *fault);

#endif
