/*
 * The DNS servers to query and how to query them: /etc/resolv.conf as read by libc, or `resolvers`
 * in the configuration.
 *
 * The file is read by libc's own parser (res_ninit(), which sends no queries), so that a name has
 * the same meaning for the daemon as for the programs on this host, whatever this release of c-ares
 * supports of resolv.conf(5). Its environment variables LOCALDOMAIN and RES_OPTIONS apply too.
 */
#ifndef SHUNT_RESOLVE_CONF_H
#define SHUNT_RESOLVE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

#define CONF_PATH "/etc/resolv.conf"
#define CONF_SERVERS_MAX 16u /* maximum of `resolvers`; resolv.conf gives 3 at most */
#define CONF_DOMAINS_MAX 6u  /* MAXDNSRCH */
#define CONF_DOMAIN_MAX 256u /* bytes, with the final zero */

/*
 * Created only by the functions below, which fill equal structures with equal bytes; copied by
 * memcpy().
 */
struct conf {
	struct resolver_address servers[CONF_SERVERS_MAX]; /* at least one */
	size_t server_count;
	/*
	 * Names with fewer dots than `ndots` are looked up below these first, all others after
	 * their own lookup has failed.
	 */
	char domains[CONF_DOMAINS_MAX][CONF_DOMAIN_MAX];
	size_t domain_count;
	uint32_t ndots;
	uint32_t attempt_ms; /* timeout of the first server; it doubles with each round */
	uint32_t rounds;     /* number of rounds through all servers */
	bool rotate;         /* each query starts with a different server */
	bool tcp;            /* send all queries over TCP */
	bool edns;
};

/* The servers of the configuration: names are looked up exactly as written, over UDP. */
void conf_of_servers(const struct resolver_address *servers, size_t count, struct conf *conf);

/* libc's default: a server on this host. */
void conf_default(struct conf *conf);

/*
 * Reads CONF_PATH. Returns false, without changing `conf`, if the file does not exist or cannot be
 * read; does not block on a FIFO.
 */
bool conf_read(struct conf *conf);

bool conf_equal(const struct conf *a, const struct conf *b);

#endif
