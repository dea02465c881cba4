/*
 * The fleet: the hosts that decide together about records with a scope, over etcd.
 *
 * Each host publishes its votes under a lease, watches those of all others, and computes what they agree
 * upon (policy/ballot). Orders for several hosts are keys of the same prefix. Nothing here waits, and
 * nothing decides: the monitor asks fleet_ballot() and fleet_order() whenever it decides about a record,
 * and `changed` tells it when to.
 *
 *   server, reload  fleet_configure(), before the monitor loads the same configuration
 *   monitor         fleet_vote(), fleet_isolated(), fleet_ballot(), fleet_order(); for control, in
 *                   operate_fleet, fleet_order_set(), fleet_order_end() and fleet_order_forget()
 *   monitor/standing, report        the readers
 *
 * Without `fleet` in the configuration there is no timer, no descriptor and no memory beside this
 * structure. A NULL fleet, as in a private daemon, is one that is off.
 */
#ifndef SHUNT_FLEET_FLEET_H
#define SHUNT_FLEET_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "fleet/terms.h"
#include "policy/ballot.h"

struct config;
struct event_base;
struct fleet;

/* "off", "joining", "synced", "lost" */
const char *fleet_state_word(enum fleet_state state);

struct fleet_user {
	/*
	 * What fleet_ballot() or fleet_order() say of a record may have changed; NULL: of all of them, or
	 * the state has. Called from the loop, never from within a call of a function below.
	 */
	void (*changed)(void *arg, const char *record);
	void *arg;
};

struct fleet *fleet_new(struct event_base *base, const struct fleet_user *user);
void fleet_free(struct fleet *fleet);

/*
 * At the start and at each reload. What is needed of `config` is copied; votes of records that it does
 * not have, or no longer with a scope, are taken back.
 */
void fleet_configure(struct fleet *fleet, const struct config *config);

void fleet_link(const struct fleet *fleet, struct fleet_link *link);

/* --- votes ------------------------------------------------------------------------------------ */

/* Publishes this host's vote if it differs from the last one. */
void fleet_vote(struct fleet *fleet, const struct fleet_vote *vote);

/* Whether nothing beyond this host answers: then its votes do not count. */
void fleet_isolated(struct fleet *fleet, bool isolated);

/*
 * The votes on a record, as all hosts see them: this host's are counted as they have been published.
 * `ids`: its endpoints in failover order.
 */
void fleet_ballot(const struct fleet *fleet, const char *record, const char *const *ids,
                  size_t count, const struct ballot_rule *rule, struct ballot_result *result);

/* --- orders ----------------------------------------------------------------------------------- */

/* The order in force for a record; NULL: there is none. Valid until the next iteration of the loop. */
const struct fleet_order *fleet_order(const struct fleet *fleet, const char *record);

struct fleet_command {
	const char *record, *endpoint;
	const char *by;           /* the user's name; "@HOST" is appended */
	const char *reason;       /* NULL: none; text from outside */
	uint32_t for_ms;          /* 0: no time limit; else whole seconds count, at least 2 */
	const char *const *hosts; /* the names of those that it is for; NULL: all hosts */
	size_t host_count;        /* at most FLEET_ORDER_HOSTS_MAX */
};

/*
 * Gives an order for a record, in place of any that there is. Returns true with `given` filled, the
 * order as it is sent, with the hosts of `command`. Returns false, with `error` filled, if it cannot be
 * sent; `done` is not called then. The endpoint's id and the hosts' names are checked for their form
 * only.
 */
bool fleet_order_set(struct fleet *fleet, const struct fleet_command *command, fleet_done *done,
                     void *arg, struct fleet_order *given, char error[FLEET_ERROR_MAX]);

/*
 * Ends the order for a record if there is one, and any wait for a failback on all hosts. Returns as
 * fleet_order_set() does.
 */
bool fleet_order_end(struct fleet *fleet, const char *record, const char *by, fleet_done *done,
                     void *arg, char error[FLEET_ERROR_MAX]);

/* `done` of orders under way is not called any more for this `arg`. */
void fleet_order_forget(struct fleet *fleet, const void *arg);

/* --- readers ---------------------------------------------------------------------------------- */

/* A live host. Texts are valid until the next iteration of the loop. */
struct fleet_host {
	const char *name, *site, *version;
	bool isolated;
	bool self; /* it is this one */
};

size_t fleet_host_count(const struct fleet *fleet);
/* Sorted by name; `index` is below fleet_host_count(). */
void fleet_host(const struct fleet *fleet, size_t index, struct fleet_host *host);
/* Returns false if that host has no vote on that record. */
bool fleet_host_vote(const struct fleet *fleet, size_t index, const char *record,
                     struct fleet_host_vote *vote);

void fleet_counts(const struct fleet *fleet, struct fleet_counts *counts);

#endif
