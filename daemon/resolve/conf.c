#include "resolve/conf.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * With one server there is a second attempt, with twice that timeout; with several, the next server
 * is the second attempt. So a query ends after 1 to 1.5 s if one to three servers do not respond,
 * where libc would wait for 5 s or more. A `timeout` or `attempts` that is set to a value other
 * than libc's default is used as set.
 */
#define ATTEMPT_MS 500u

static void set_times(struct conf *conf)
{
	conf->attempt_ms = ATTEMPT_MS;
	conf->rounds = conf->server_count == 1 ? 2 : 1;
}

void conf_of_servers(const struct resolver_address *servers, size_t count, struct conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->server_count = count < CONF_SERVERS_MAX ? count : CONF_SERVERS_MAX;
	for (size_t i = 0; i < conf->server_count; i++) {
		conf->servers[i].address = servers[i].address;
		conf->servers[i].port = servers[i].port;
	}
	set_times(conf);
}

void conf_default(struct conf *conf)
{
	const struct resolver_address local = {
		{ .family = SHUNT_FAMILY_IPV4, .byte = { 127, 0, 0, 1 } }, NAMESERVER_PORT
	};

	conf_of_servers(&local, 1, conf);
}

/*
 * An IPv4 server is in nsaddr_list; for an IPv6 server that element has no family, and the address
 * is in a separate list.
 */
static void add_server(const struct __res_state *state, int index, struct conf *conf)
{
	const struct sockaddr_in *ipv4 = &state->nsaddr_list[index];
	const struct sockaddr_in6 *ipv6 = state->_u._ext.nsaddrs[index];
	struct resolver_address *server = &conf->servers[conf->server_count];

	if (ipv4->sin_family == AF_INET) {
		server->port = ntohs(ipv4->sin_port);
		conf->server_count +=
		        address_from_sockaddr((const struct sockaddr *)ipv4, &server->address);
	} else if (ipv6 && ipv6->sin6_family == AF_INET6) {
		server->port = ntohs(ipv6->sin6_port);
		conf->server_count +=
		        address_from_sockaddr((const struct sockaddr *)ipv6, &server->address);
	}
}

static void take_options(const struct __res_state *state, struct conf *conf)
{
	set_times(conf);
	if (state->retrans != RES_TIMEOUT)
		conf->attempt_ms = (uint32_t)state->retrans * 1000;
	if (state->retry != RES_DFLRETRY)
		conf->rounds = (uint32_t)state->retry;
	conf->ndots = state->ndots;
	conf->rotate = state->options & RES_ROTATE;
	conf->tcp = state->options & RES_USEVC;
	conf->edns = state->options & (RES_USE_EDNS0 | RES_TRUSTAD);
}

static void take(const struct __res_state *state, struct conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	for (int i = 0; i < state->nscount && i < MAXNS; i++)
		add_server(state, i, conf);
	if (conf->server_count == 0)
		conf_default(conf);
	for (size_t i = 0; i < CONF_DOMAINS_MAX && state->dnsrch[i]; i++)
		snprintf(conf->domains[conf->domain_count++], CONF_DOMAIN_MAX, "%s",
		         state->dnsrch[i]);
	take_options(state, conf);
}

bool conf_read(struct conf *conf)
{
	struct __res_state state = { 0 };
	struct stat status;

	/* libc would block on a FIFO, and would use its defaults for a file that it cannot open. */
	if (stat(CONF_PATH, &status) < 0 || !S_ISREG(status.st_mode) ||
	    access(CONF_PATH, R_OK) < 0 || res_ninit(&state) < 0)
		return false;
	take(&state, conf);
	res_nclose(&state);
	return true;
}

bool conf_equal(const struct conf *a, const struct conf *b)
{
	/* Each was zeroed before it was filled; a difference in padding only makes a new channel. */
	return memcmp(a, b, sizeof(*a)) == 0; /* NOLINT(bugprone-suspicious-memory-comparison) */
}
