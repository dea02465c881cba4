/*
 * c-ares in the event loop: each query has one answer. resolve decides which names to query, when
 * and how often.
 *
 *   resolve  → dns_ask()     starts a query
 *   dns      → answered()    its answer, exactly once, unless it was forgotten before
 *   dns      → room()        after every call into c-ares: the only place to start more queries
 *
 * answered() may be called from within dns_ask(). Neither it nor heard() may call dns_ask() itself.
 */
#ifndef SHUNT_RESOLVE_DNS_H
#define SHUNT_RESOLVE_DNS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "resolve/answer.h"

struct dns;
struct dns_query;
struct event_base;

struct dns_user {
	void (*answered)(void *question, const struct dns_answer *answer);
	/* A server beyond this host has answered a query; called before answered(). */
	void (*heard)(void *arg);
	void (*room)(void *arg);
	void (*other_servers)(void *arg); /* called after the set of servers has changed */
	void *arg;
};

/*
 * `servers` as in struct config; if there are 0, those of /etc/resolv.conf, which is read again
 * when it changes. Returns NULL if it cannot start.
 */
struct dns *dns_new(struct event_base *base, const struct dns_user *user,
                    const struct resolver_address *servers, size_t count);
void dns_configure(struct dns *dns, const struct resolver_address *servers, size_t count);
/* Must be called after all queries were answered or forgotten. */
void dns_free(struct dns *dns);

/* `family`: AF_INET or AF_INET6. The query is owned by dns; `question` is passed to answered(). */
struct dns_query *dns_ask(struct dns *dns, const char *name, int family, void *question);
/* Discards the answer. The query still counts as in flight: c-ares cannot cancel a single query. */
void dns_forget(struct dns_query *query);
unsigned dns_in_flight(const struct dns *dns);

/* Called from the loop when there is something to query; calls room(). */
void dns_turn(struct dns *dns);

#endif
