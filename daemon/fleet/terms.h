/* What the fleet is made of, for fleet.h and for the files behind it. */
#ifndef SHUNT_FLEET_TERMS_H
#define SHUNT_FLEET_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "config/config.h"
#include "policy/health.h"

/* How long a starting daemon waits for etcd before it decides without. */
#define FLEET_START_MS 2000u

enum fleet_state {
	FLEET_OFF, /* there is no `fleet` in the configuration */
	/* The first attempts, for FLEET_START_MS at most: what was decided before stands. */
	FLEET_JOINING,
	FLEET_SYNCED, /* all votes are known */
	FLEET_LOST    /* no member of etcd has answered for as long as a lease lasts */
};
#define FLEET_STATES (FLEET_LOST + 1)

#define FLEET_ERROR_MAX 256u

/* Texts are valid until the next iteration of the loop. */
struct fleet_link {
	enum fleet_state state;
	time_t since; /* wall clock: time of the last change of `state` */
	/* Another host of this name is there: this one knows all votes, and has none. */
	bool name_taken;
	const char *member;      /* the URL that is or was asked last; NULL: none */
	const char *error;       /* the last error since it was synced last; NULL: none */
	const char *host, *site; /* this host; NULL if the state is FLEET_OFF */
	const char *prefix;      /* NULL if the state is FLEET_OFF */
	uint32_t lease_seconds;
};

struct fleet_vote {
	const char *record;                   /* its name */
	const char *ids[SHUNT_ENDPOINTS_MAX]; /* the endpoints' */
	enum health_state health[SHUNT_ENDPOINTS_MAX];
	size_t count;
	const char *prefers, *answers; /* an endpoint's id, "dns" or "fail" */
};

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

/*
 * The outcome of an order: `error` is NULL, or one line. Called from the loop. After a timeout the order
 * may have been carried out all the same.
 */
typedef void fleet_done(void *arg, const char *error);

/* A host's vote on a record. */
struct fleet_host_vote {
	const char *record;
	size_t count;
	const char *ids[SHUNT_ENDPOINTS_MAX];
	enum health_state health[SHUNT_ENDPOINTS_MAX];
	const char *prefers, *answers;
	time_t since; /* that host's clock: time of the last change of its vote */
};

struct fleet_counts {
	uint64_t writes;    /* of this host's key */
	uint64_t resyncs;   /* times that all keys were read */
	uint64_t errors;    /* attempts on a member of etcd that failed */
	uint64_t malformed; /* values of keys that were ignored */
};

#endif
