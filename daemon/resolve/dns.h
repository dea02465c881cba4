/*
 * c-ares in the event loop: one question in, one answer out. Which names to ask, when and how often is
 * decided by resolve.
 *
 *   resolve  → dns_ask()     a question begins
 *   dns      → answered()    its answer, exactly once, unless it was forgotten before
 *   dns      → room()        after every call of c-ares: the place to ask more, and nowhere else
 *
 * answered() may come from within dns_ask(). It must not call dns_ask() itself.
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
	void (*room)(void *arg);
	void (*other_servers)(void *arg); /* called after the set of servers changed */
	void *arg;
};

/* `servers` as in struct config; 0 of them: those of /etc/resolv.conf, read again when it changes. NULL: cannot start. */
struct dns *dns_new(struct event_base *base, const struct dns_user *user,
                    const struct resolver_address *servers, size_t count);
void dns_configure(struct dns *dns, const struct resolver_address *servers, size_t count);
/* Called after all questions were answered or forgotten. */
void dns_free(struct dns *dns);

/* `family`: AF_INET or AF_INET6. dns owns the query; `question` is passed to answered(). */
struct dns_query *dns_ask(struct dns *dns, const char *name, int family, void *question);
/* Discards the answer. The query still counts as in flight: c-ares cannot cancel a single one. */
void dns_forget(struct dns_query *query);
unsigned dns_in_flight(const struct dns *dns);

/* Called from the loop when there is something to ask; calls room(). */
void dns_turn(struct dns *dns);

#endif
