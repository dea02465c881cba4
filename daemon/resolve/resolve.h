/*
 * Endpoint names → addresses, by c-ares in the event loop. Never libc's resolver, never /etc/hosts. The search list of resolv.conf is
 * applied as libc does; there is none where the configuration names the servers.
 *
 * A name is asked once for all who watch it. A and AAAA are asked, kept and aged apart: each family is asked again when
 * its TTL ends (held to 1 s … 5 min, and up to a tenth earlier). A failure, NXDOMAIN and an empty answer included, keeps
 * the last good addresses and is tried again after 1 s, doubling to 10 s. A family in which a name never had an address is asked
 * every 30 s while the other one has some. While no question at all is answered, retries come every 0.5 to 1 s (at most 100 a
 * second for all), and the first answer brings all others forward: an outage of the DNS ends for us when it ends.
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
	struct address addresses
	        [2 * SHUNT_ADDRESSES_MAX]; /* sorted by address_compare(): A first, no doubles */
	size_t count;
	bool more; /* a family has more addresses than SHUNT_ADDRESSES_MAX; the largest were left out */
	bool complete; /* both families have had an outcome, good or bad */
	/* Of the family whose last question failed, A before AAAA; NULL when none did. "NXDOMAIN", "no addresses", … */
	const char *error;
};

/* The answer changed (addresses, completeness or error); it is valid during the call. May call resolve_unwatch(). */
typedef void resolve_changed(void *arg, const struct resolve_answer *answer);

/* `servers` as in struct config; 0 of them: those of /etc/resolv.conf, read again when it changes. NULL: cannot start. */
struct resolver *resolve_new(struct event_base *base, const struct resolver_address *servers,
                             size_t count);
/* Changes the servers. Known answers are kept. */
void resolve_configure(struct resolver *resolver, const struct resolver_address *servers,
                       size_t count);
/* Called after all watches were ended. */
void resolve_free(struct resolver *resolver);

/*
 * `changed` is called from the loop, never from within this call; an answer already known is delivered
 * in the next iteration.
 */
struct resolve_watch *resolve_watch(struct resolver *resolver, const char *name,
                                    resolve_changed *changed, void *arg);
/* The answer known now, for a watch that replaces another. Valid until the next iteration of the loop. */
const struct resolve_answer *resolve_known(const struct resolve_watch *watch);
void resolve_unwatch(struct resolve_watch *watch);

#endif
