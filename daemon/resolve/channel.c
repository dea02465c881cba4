#include "resolve/channel.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"

#include "shunt/table.h"

#define EDNS_SIZE 1232 /* bytes: the size that passes every path unfragmented (DNS flag day 2020) */
#define SERVER_TEXT_MAX (INET6_ADDRSTRLEN + IF_NAMESIZE + 16)

/*
 * "[address]:port", followed by "%zone" if c-ares supports it; for older releases the zone is added
 * in our connect() callback.
 */
static int write_server(const struct resolver_address *server, char *text, size_t size)
{
	char address[INET6_ADDRSTRLEN], zone[IF_NAMESIZE + 1] = "";
	bool ipv4 = server->address.family == SHUNT_FAMILY_IPV4;

	inet_ntop(ipv4 ? AF_INET : AF_INET6, server->address.byte, address, sizeof(address));
#if ARES_VERSION >= 0x012200
	if (server->address.scope_id && if_indextoname(server->address.scope_id, zone + 1))
		zone[0] = '%';
#endif
	return snprintf(text, size, ipv4 ? "%s:%u%s" : "[%s]:%u%s", address, server->port, zone);
}

static bool set_servers(const struct conf *conf, size_t first, ares_channel channel)
{
	char text[CONF_SERVERS_MAX * SERVER_TEXT_MAX];
	size_t length = 0;

	for (size_t i = 0; i < conf->server_count; i++) {
		if (i)
			text[length++] = ',';
		length += (size_t)write_server(&conf->servers[(first + i) % conf->server_count],
		                               text + length, sizeof(text) - length);
	}
	return ares_set_servers_ports_csv(channel, text) == ARES_SUCCESS;
}

/*
 * c-ares' own cache (from 1.31 on) keeps an empty answer for as long as its SOA specifies, and may
 * keep a good one beyond its TTL. c-ares also sends the queries for all names through one socket,
 * where a single malformed answer fails all of them (from 1.20 on).
 */
static int set_newer(struct ares_options *options)
{
	int mask = 0;

	(void)options;
#ifdef ARES_OPT_QUERY_CACHE
	options->qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_UDP_MAX_QUERIES
	options->udp_max_queries = 1;
	mask |= ARES_OPT_UDP_MAX_QUERIES;
#endif
	return mask;
}

static int flags_of(const struct conf *conf)
{
	return ARES_FLAG_NOALIASES | (conf->domain_count ? 0 : ARES_FLAG_NOSEARCH) |
	       (conf->tcp ? ARES_FLAG_USEVC : 0) | (conf->edns ? ARES_FLAG_EDNS : 0);
}

/*
 * With all of these options set, c-ares takes nothing from resolv.conf or nsswitch.conf, and no
 * environment variable has an effect. The server given here is a placeholder that is replaced.
 */
ares_channel channel_new(const struct conf *conf, size_t first, struct sockets *sockets)
{
	struct in_addr nowhere = { htonl(INADDR_LOOPBACK) };
	char lookups[] = "b", no_file[] = "/dev/null", *domains[CONF_DOMAINS_MAX];
	struct ares_options options = {
		.flags = flags_of(conf),
		.timeout = (int)conf->attempt_ms,
		.tries = (int)conf->rounds,
		.ndots = (int)conf->ndots,
		.servers = &nowhere,
		.nservers = 1,
		.domains = domains,
		.ndomains = (int)conf->domain_count,
		.lookups = lookups,
		.ednspsz = EDNS_SIZE,
		.resolvconf_path = no_file,
		.sock_state_cb = sockets_state,
		.sock_state_cb_data = sockets,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
	           ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST |
	           ARES_OPT_SOCK_STATE_CB | ARES_OPT_EDNSPSZ | ARES_OPT_RESOLVCONF |
	           (conf->rotate ? ARES_OPT_ROTATE : ARES_OPT_NOROTATE) | set_newer(&options);
	ares_channel channel;

	for (size_t i = 0; i < conf->domain_count; i++)
		domains[i] = (char *)conf->domains[i];
	if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS)
		return NULL;
	if (sockets_attach(sockets, channel) && set_servers(conf, first, channel))
		return channel;
	ares_destroy(channel);
	return NULL;
}
