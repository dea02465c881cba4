/*
 * Resolves endpoint names to addresses, with c-ares in the event loop. Never uses libc's resolver
 * or /etc/hosts. The search list of resolv.conf is applied as in libc; there is none if the
 * configuration names the servers.
 *
 * A name is queried once for all its watchers, and only for the families that they want. A and AAAA
 * are queried, kept and aged separately: each family is queried again when its TTL ends (limited to
 * 1 s … 5 min, and up to a tenth earlier).
 *
 * A failure, including NXDOMAIN and an empty answer, keeps the last good addresses and is retried
 * after 1 s, doubling to 10 s. A family in which a name never had an address is queried every 30 s
 * while the other family has one. While no query at all is answered, retries follow every 0.5 to
 * 1 s (at most 100 a second in total), and the first answer brings all others forward: operation
 * resumes as soon as DNS does.
 */
#ifndef SHUNT_RESOLVE_RESOLVE_H
#define SHUNT_RESOLVE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "config/config.h"

struct event_base;
struct resolver;
struct resolve_watch;

struct resolve_answer {
	/* Sorted by address_compare(): A first, without duplicates. */
	struct address addresses[2 * SHUNT_ADDRESSES_MAX];
	size_t count;
	/* A family has more than SHUNT_ADDRESSES_MAX addresses; the largest were left out. */
	bool more;
	bool complete; /* each family wanted has had an outcome, success or failure */
	/*
	 * Error of the family whose last query failed, A before AAAA: "NXDOMAIN", "no addresses",
	 * …; NULL if neither failed.
	 */
	const char *error;
};

/*
 * Called when the answer has changed (addresses, completeness or error). It is valid during the
 * call. May call resolve_unwatch().
 */
typedef void resolve_changed(void *arg, const struct resolve_answer *answer);

/*
 * `servers` as in struct config; if there are 0, those of /etc/resolv.conf, which is read again
 * when it changes. Returns NULL if it cannot start.
 */
struct resolver *resolve_new(struct event_base *base, const struct resolver_address *servers,
                             size_t count);
/* Changes the servers. Known answers are kept. */
void resolve_configure(struct resolver *resolver, const struct resolver_address *servers,
                       size_t count);
/* Must be called after all watches have ended. */
void resolve_free(struct resolver *resolver);

/*
 * `heard` is called for every answer, whatever it says, from a server that is not on this host; NULL
 * ends that. It is called from within c-ares and must not call the resolver.
 */
void resolve_listen(struct resolver *resolver, void (*heard)(void *arg), void *arg);
/*
 * Queries one of the watched names again now, each time another one, so that an answer shows whether
 * the servers are reached.
 */
void resolve_witness(struct resolver *resolver);

/*
 * Only addresses of `family` are queried and delivered. `changed` is called from the loop, never
 * from within this call; an answer already known is delivered in the next iteration.
 */
struct resolve_watch *resolve_watch(struct resolver *resolver, const char *name,
                                    enum endpoint_family family, resolve_changed *changed,
                                    void *arg);
/*
 * The answer known now, for a watch that replaces another. Valid until the next iteration of the
 * loop.
 */
const struct resolve_answer *resolve_known(struct resolve_watch *watch);
void resolve_unwatch(struct resolve_watch *watch);

#endif
