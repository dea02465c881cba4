/*
 * The fleet: the hosts that decide together about records with a scope, over etcd.
 *
 * Each host publishes its votes under a lease, watches those of all others, and computes what they agree
 * upon (policy/ballot). Orders for several hosts are keys of the same prefix. Nothing here waits, and
 * nothing decides: the monitor asks fleet_ballot() and fleet_order() whenever it decides about a record,
 * and `changed` tells it when to.
 *
 *   server, reload  fleet_configure(), before the monitor loads the same configuration
 *   monitor         fleet_vote(), fleet_isolated(), fleet_ballot(), fleet_order()
 *   control         fleet_order_set(), fleet_order_end(), and the readers
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

#include "config/config.h"
#include "policy/ballot.h"

struct event_base;
struct fleet;

/* How long a starting daemon waits for etcd before it decides without. */
#define FLEET_START_MS 2000u

enum fleet_state {
	FLEET_OFF,     /* there is no `fleet` in the configuration */
	FLEET_JOINING, /* the first attempts */
	FLEET_SYNCED,  /* all votes are known */
	FLEET_LOST     /* no member of etcd has answered for as long as a lease lasts */
};
#define FLEET_STATES (FLEET_LOST + 1)

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

#define FLEET_ERROR_MAX 256u

/* Texts are valid until the next iteration of the loop. */
struct fleet_link {
	enum fleet_state state;
	time_t since; /* wall clock: time of the last change of `state` */
	/*
	 * The daemon has started less than FLEET_START_MS ago, and no member has answered yet: what it
	 * had decided before stands.
	 */
	bool starting;
	/* Another host of this name is there: this one knows all votes, and has none. */
	bool name_taken;
	const char *member;      /* the URL that is or was asked last; NULL: none */
	const char *error;       /* the last error since it was synced last; NULL: none */
	const char *host, *site; /* this host; NULL if the state is FLEET_OFF */
	const char *prefix;      /* NULL if the state is FLEET_OFF */
	uint32_t lease_seconds;
};
void fleet_link(const struct fleet *fleet, struct fleet_link *link);

/* --- votes ------------------------------------------------------------------------------------ */

struct fleet_vote {
	const char *record;                   /* its name */
	const char *ids[SHUNT_ENDPOINTS_MAX]; /* the endpoints' */
	enum health_state health[SHUNT_ENDPOINTS_MAX];
	size_t count;
	const char *prefers, *answers; /* an endpoint's id, "dns" or "fail" */
};

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

#define FLEET_BY_MAX 128u     /* "root@db-7" */
#define FLEET_REASON_MAX 201u /* text from outside is truncated to 200 bytes */
#define FLEET_ORDER_HOSTS_MAX 2000u
#define FLEET_RELEASE_S 10u /* for so long an end of waiting is there for all hosts to see */

/* An operator's order for several hosts. */
struct fleet_order {
	/*
	 * The id of the endpoint that is to answer, which need not exist here; "" for the order to end any
	 * wait for a failback, by which fleet_order_end() replaces another.
	 */
	char endpoint[SHUNT_ID_MAX + 1];
	char by[FLEET_BY_MAX];
	char reason[FLEET_REASON_MAX]; /* printable; "": none was given */
	/* Wall clock of the host that gave it, for display; `until` is 0 without a time limit. */
	time_t since, until;
	bool here;         /* it concerns this host */
	size_t host_count; /* the hosts that it names; 0: all hosts */
	const char *const *hosts;
};

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
 * The outcome of an order: `error` is NULL, or one line. Called from the loop. After a timeout the order
 * may have been carried out all the same.
 */
typedef void fleet_done(void *arg, const char *error);

/*
 * Gives an order for a record, in place of any that there is. Returns false, with `error` filled, if it
 * cannot be sent; `done` is not called then. The endpoint's id and the hosts' names are checked for
 * their form only.
 */
bool fleet_order_set(struct fleet *fleet, const struct fleet_command *command, fleet_done *done,
                     void *arg, char error[FLEET_ERROR_MAX]);

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
	bool self;      /* it is this one */
	size_t records; /* on which it has votes */
};

/* A host's vote on a record. */
struct fleet_host_vote {
	const char *record;
	size_t count;
	const char *ids[SHUNT_ENDPOINTS_MAX];
	enum health_state health[SHUNT_ENDPOINTS_MAX];
	const char *prefers, *answers;
	time_t since; /* that host's clock: time of the last change of its vote */
};

size_t fleet_host_count(const struct fleet *fleet);
/* Sorted by name; `index` is below fleet_host_count(). */
void fleet_host(const struct fleet *fleet, size_t index, struct fleet_host *host);
/* Returns false if that host has no vote on that record. */
bool fleet_host_vote(const struct fleet *fleet, size_t index, const char *record,
                     struct fleet_host_vote *vote);

struct fleet_counts {
	uint64_t writes;    /* of this host's key */
	uint64_t resyncs;   /* times that all keys were read */
	uint64_t errors;    /* attempts on a member of etcd that failed */
	uint64_t malformed; /* values of keys that were ignored */
	uint64_t changes;   /* of other hosts' votes that were seen */
};
void fleet_counts(const struct fleet *fleet, struct fleet_counts *counts);

#endif
