#include "resolve/dns.h"

#include <ares.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "resolve/rules.h"

#include "shunt/table.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_MAX 65536 /* bytes that are read of it */
#define RESOLV_CONF_MS 1000   /* between two looks at it */

#define READS_A_TURN 256 /* datagrams taken in one turn of the loop, whatever a server sends */

/*
 * The time for the first server. With one server there is a second try, of twice that time; with several the next one is the second
 * try. So a question ends after 1 to 1.5 s with one to three silent servers.
 */
#define ATTEMPT_MS 500

#define REBUILD_MS 1000 /* between two tries to make a channel */

/* Another first server puts all questions in flight back: with servers that are merely slow, none would ever be answered. */
#define PREFER_MS 10000

/* A question that c-ares holds. */
struct dns_query {
	struct dns *dns;
	void *question;      /* NULL: forgotten */
	int family;          /* AF_ */
	uint64_t generation; /* the channel that it was given to */
	uint64_t shortages;  /* the count when it began */
};

/* A socket of c-ares in the loop. */
struct link {
	struct dns *dns;
	struct link *next;
	int fd;
	struct event event;
};

struct dns {
	struct event_base *base;
	struct dns_user user;
	ares_channel channel;
	uint64_t generation; /* of the channel */
	struct link *links;
	struct event timeout; /* what ares_timeout() said */
	unsigned in_flight;
	uint64_t shortages; /* of our own, counted by the socket functions */
	unsigned reads;     /* left in this turn */

	struct resolver_address *servers; /* in force */
	size_t server_count;
	size_t first;          /* which of them is asked first: one that answered */
	uint64_t preferred_ms; /* since when; 0: as given */
	bool configured;       /* they come from the configuration */
	bool rebuild;          /* a new channel is due */
	struct resolve_stamp conf_stamp;
	uint64_t conf_checked_ms;
};

/* --- answers ------------------------------------------------------------------------------------- */

struct status_row {
	int status;
	enum dns_outcome outcome;
	const char *words;
};

/* c-ares 1.18 makes SERVFAIL, REFUSED and a closed port all ARES_ECONNREFUSED. The last row stands for all others. */
static const struct status_row statuses[] = {
	{ ARES_SUCCESS, DNS_GOOD, NULL },
	{ ARES_ENODATA, DNS_ABSENT, "no addresses" },
	{ ARES_ENOTFOUND, DNS_ABSENT, "NXDOMAIN" },
	{ ARES_ETIMEOUT, DNS_FAILED, "no answer from the DNS servers" },
	{ ARES_ECONNREFUSED, DNS_FAILED, "server failure or refused" },
	{ ARES_ESERVFAIL, DNS_FAILED, "server failure or refused" },
	{ ARES_EREFUSED, DNS_FAILED, "server failure or refused" },
	{ ARES_EBADNAME, DNS_FAILED, "not a name that DNS can carry" },
	{ ARES_EFORMERR, DNS_FAILED, "the DNS servers do not understand the question" },
	{ ARES_ENOTIMP, DNS_FAILED, "the DNS servers do not understand the question" },
	{ ARES_ENOMEM, DNS_SHORTAGE, NULL },
	{ ARES_EDESTRUCTION, DNS_AGAIN, NULL },
	{ ARES_ECANCELLED, DNS_AGAIN, NULL },
	{ -1, DNS_FAILED, "malformed answer from the DNS servers" },
};

static const struct status_row *find_status(int status)
{
	const struct status_row *row = statuses;

	while (row->status != status && row->status != -1)
		row++;
	return row;
}

/* A server may put addresses of the other family into its answer: they are not taken. */
static void read_result(const struct ares_addrinfo *result, int family, struct dns_answer *answer)
{
	struct address address;

	answer->ttl = (int)(RESOLVE_TTL_MAX_MS / 1000);
	for (const struct ares_addrinfo_node *node = result->nodes; node; node = node->ai_next) {
		if (node->ai_family != family || !address_from_sockaddr(node->ai_addr, &address))
			continue;
		if (node->ai_ttl < answer->ttl)
			answer->ttl = node->ai_ttl;
		if (!resolve_insert(answer->address, &answer->count, SHUNT_ADDRESSES_MAX, &address))
			answer->more = true;
	}
	for (const struct ares_addrinfo_cname *cname = result->cnames; cname; cname = cname->next)
		if (cname->ttl < answer->ttl)
			answer->ttl = cname->ttl;
}

static void take_status(struct dns_answer *answer, int status)
{
	const struct status_row *row = find_status(status);

	answer->outcome = row->outcome;
	answer->error = row->words;
	answer->empty = status == ARES_ENODATA;
	answer->silent = status == ARES_ETIMEOUT;
}

static void make_answer(const struct dns_query *query, int status,
                        const struct ares_addrinfo *result, struct dns_answer *answer)
{
	const struct dns *dns = query->dns;

	memset(answer, 0, sizeof(*answer));
	take_status(answer, status);
	if (query->generation != dns->generation)
		answer->outcome = DNS_AGAIN;
	else if (answer->outcome == DNS_FAILED && query->shortages != dns->shortages)
		answer->outcome = DNS_SHORTAGE;
	if (answer->outcome != DNS_GOOD)
		return;
	if (result)
		read_result(result, query->family, answer);
	if (answer->count == 0)
		take_status(answer, ARES_ENODATA);
}

/* c-ares begins every question with the same server, dead or not. Let it be one that answers. */
static void prefer_server(struct dns *dns, size_t timeouts)
{
	uint64_t now = clock_ms();

	if (timeouts == 0 || dns->server_count == 1 || dns->rebuild ||
	    (dns->preferred_ms && now - dns->preferred_ms < PREFER_MS))
		return;
	dns->preferred_ms = now;
	dns->first = (dns->first + timeouts) % dns->server_count;
	dns->rebuild = true;
}

/* Called by c-ares, perhaps from within ares_getaddrinfo() or ares_destroy(): nothing here calls it again. */
static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct dns_query *query = arg;
	struct dns *dns = query->dns;
	struct dns_answer answer;

	make_answer(query, status, result, &answer);
	dns->in_flight--;
	if (answer.outcome == DNS_GOOD || answer.outcome == DNS_ABSENT)
		prefer_server(dns, (size_t)timeouts);
	if (query->question)
		dns->user.answered(query->question, &answer);
	free(query);
	if (result)
		ares_freeaddrinfo(result);
}

struct dns_query *dns_ask(struct dns *dns, const char *name, int family, void *question)
{
	struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT, .ai_family = family };
	struct dns_query *query = xcalloc(1, sizeof(*query));

	query->dns = dns;
	query->question = question;
	query->family = family;
	query->generation = dns->generation;
	query->shortages = dns->shortages;
	dns->in_flight++;
	ares_getaddrinfo(dns->channel, name, NULL, &hints, on_answer, query);
	return query;
}

/* --- c-ares' sockets ------------------------------------------------------------------------------ */

/* Counted, so that a question that fails by it is not taken for one that its servers failed. */
static void note_errno(struct dns *dns)
{
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
		dns->shortages++;
}

static ares_socket_t socket_open(int domain, int type, int protocol, void *arg)
{
	int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		note_errno(arg);
	return fd;
}

static int socket_close(ares_socket_t fd, void *arg)
{
	(void)arg;
	return close(fd);
}

/* c-ares knows no zones, which a link-local server needs. */
static uint32_t find_zone(const struct dns *dns, const struct sockaddr_in6 *to)
{
	for (size_t i = 0; i < dns->server_count; i++) {
		const struct resolver_address *server = &dns->servers[i];

		if (server->address.family == SHUNT_FAMILY_IPV6 &&
		    server->port == ntohs(to->sin6_port) &&
		    memcmp(server->address.byte, &to->sin6_addr, 16) == 0)
			return server->address.scope_id;
	}
	return 0;
}

static int socket_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t length,
                          void *arg)
{
	struct sockaddr_in6 in6;
	int result;

	if (to->sa_family == AF_INET6 && length >= sizeof(in6)) {
		memcpy(&in6, to, sizeof(in6));
		in6.sin6_scope_id = find_zone(arg, &in6);
		result = connect(fd, (struct sockaddr *)&in6, sizeof(in6));
	} else {
		result = connect(fd, to, length);
	}
	if (result < 0)
		note_errno(arg);
	return result;
}

/*
 * c-ares reads until there is nothing left: a server that floods us must not keep the loop. An empty
 * datagram it would take for the end of a connection, and give all questions up.
 */
static ares_ssize_t socket_receive(ares_socket_t fd, void *data, size_t size, int flags,
                                   struct sockaddr *from, ares_socklen_t *length, void *arg)
{
	struct dns *dns = arg;
	ssize_t got;

	if (dns->reads == 0) {
		errno = EAGAIN;
		return -1;
	}
	dns->reads--;
	got = recvfrom(fd, data, size, flags, from, length);
	if (got == 0 && from) {
		errno = EAGAIN;
		return -1;
	}
	return got;
}

static ares_ssize_t socket_send(ares_socket_t fd, const struct iovec *vector, int count, void *arg)
{
	struct msghdr message = { .msg_iov = (struct iovec *)vector, .msg_iovlen = (size_t)count };
	ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

	if (sent < 0)
		note_errno(arg);
	return sent;
}

static const struct ares_socket_functions socket_functions = {
	.asocket = socket_open,
	.aclose = socket_close,
	.aconnect = socket_connect,
	.arecvfrom = socket_receive,
	.asendv = socket_send,
};

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	struct dns *dns = link->dns;

	/* `link` is gone when c-ares closes the socket in there. */
	dns->reads = READS_A_TURN;
	ares_process_fd(dns->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
	                what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	dns_turn(dns);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct dns *dns = arg;

	(void)fd;
	(void)what;
	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	dns_turn(dns);
}

static void unlink_socket(struct dns *dns, int fd)
{
	for (struct link **place = &dns->links; *place; place = &(*place)->next) {
		struct link *link = *place;

		if (link->fd != fd)
			continue;
		*place = link->next;
		event_del(&link->event);
		free(link);
		return;
	}
}

static struct link *link_socket(struct dns *dns, int fd)
{
	struct link *link = dns->links;

	while (link && link->fd != fd)
		link = link->next;
	if (link) {
		event_del(&link->event);
		return link;
	}
	link = xcalloc(1, sizeof(*link));
	link->dns = dns;
	link->fd = fd;
	link->next = dns->links;
	return dns->links = link;
}

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns *dns = arg;
	short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	struct link *link;

	if (!what) {
		unlink_socket(dns, fd);
		return;
	}
	link = link_socket(dns, fd);
	event_assign(&link->event, dns->base, fd, (short)(what | EV_PERSIST), on_socket, link);
	/* Where the loop has no memory for it, c-ares' own time limit ends the question. */
	event_add(&link->event, NULL);
}

/* --- the channel ---------------------------------------------------------------------------------- */

static bool set_servers(const struct dns *dns, ares_channel channel)
{
	struct ares_addr_port_node *nodes = xcalloc(dns->server_count, sizeof(*nodes));
	bool done;

	for (size_t i = 0; i < dns->server_count; i++) {
		size_t which = (dns->first + i) % dns->server_count;
		const struct resolver_address *server = &dns->servers[which];
		bool ipv4 = server->address.family == SHUNT_FAMILY_IPV4;

		nodes[i].family = ipv4 ? AF_INET : AF_INET6;
		memcpy(&nodes[i].addr, server->address.byte, ipv4 ? 4 : 16);
		nodes[i].udp_port = nodes[i].tcp_port = server->port;
		nodes[i].next = i + 1 < dns->server_count ? &nodes[i + 1] : NULL;
	}
	done = ares_set_servers_ports(channel, nodes) == ARES_SUCCESS;
	free(nodes);
	return done;
}

/*
 * With all of these given, c-ares reads neither resolv.conf nor nsswitch.conf, and no variable of the environment changes
 * anything. The server stands there to be replaced.
 */
static ares_channel new_channel(struct dns *dns)
{
	struct in_addr nowhere = { htonl(INADDR_LOOPBACK) };
	char lookups[] = "b";
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = ATTEMPT_MS,
		.tries = dns->server_count == 1 ? 2 : 1,
		.lookups = lookups,
		.servers = &nowhere,
		.nservers = 1,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = dns,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
	           ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST |
	           ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE;
	ares_channel channel;

	if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS)
		return NULL;
	ares_set_socket_functions(channel, &socket_functions, dns);
	if (set_servers(dns, channel))
		return channel;
	ares_destroy(channel);
	return NULL;
}

/* Servers cannot be changed under questions: a new channel, to which all that were in flight are put again. */
static void rebuild(struct dns *dns)
{
	ares_channel old = dns->channel;
	ares_channel new = new_channel(dns);

	if (!new)
		return;
	dns->rebuild = false;
	dns->channel = new;
	dns->generation++;
	if (old)
		ares_destroy(old);
}

static bool same_servers(const struct dns *dns, const struct resolver_address *servers,
                         size_t count)
{
	if (count != dns->server_count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (servers[i].port != dns->servers[i].port ||
		    address_compare(&servers[i].address, &dns->servers[i].address) != 0)
			return false;
	return true;
}

static void take_servers(struct dns *dns, const struct resolver_address *servers, size_t count)
{
	if (same_servers(dns, servers, count))
		return;
	dns->servers = xreallocarray(dns->servers, count, sizeof(*servers));
	memcpy(dns->servers, servers, count * sizeof(*servers));
	dns->server_count = count;
	dns->first = 0;
	dns->preferred_ms = 0;
	dns->rebuild = true;
	dns->user.other_servers(dns->user.arg);
}

/* NULL: there is no such file, or we may not or cannot read it now. Never waits: it may be anything. */
static char *read_conf(const char *path, struct resolve_stamp *stamp)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat status;
	ssize_t got;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		goto out;
	*stamp = resolve_stamp(&status);
	text = xcalloc(1, RESOLV_CONF_MAX + 1);
	got = read(fd, text, RESOLV_CONF_MAX);
	if (got < 0) {
		free(text);
		text = NULL;
	}
out:
	close(fd);
	return text;
}

/* A file that cannot be read leaves the servers that it gave before; at first, libc's default. */
static void read_servers(struct dns *dns, bool first)
{
	struct resolver_address servers[RESOLVE_CONF_SERVERS];
	char *text = read_conf(RESOLV_CONF, &dns->conf_stamp);

	if (text || first)
		take_servers(
		        dns, servers,
		        resolve_parse_servers(text ? text : "", servers, RESOLVE_CONF_SERVERS));
	free(text);
}

static void check_conf(struct dns *dns)
{
	uint64_t now = clock_ms();
	struct resolve_stamp stamp;
	struct stat status;

	if (dns->configured || now - dns->conf_checked_ms < RESOLV_CONF_MS)
		return;
	dns->conf_checked_ms = now;
	if (stat(RESOLV_CONF, &status) < 0 || !S_ISREG(status.st_mode))
		return;
	stamp = resolve_stamp(&status);
	if (resolve_stamp_equal(&stamp, &dns->conf_stamp))
		return;
	read_servers(dns, false);
	if (dns->rebuild)
		log_info("%s changed: other DNS servers from now on", RESOLV_CONF);
}

/* --- from outside --------------------------------------------------------------------------------- */

void dns_turn(struct dns *dns)
{
	struct timeval buffer, *wait;
	uint32_t ms = REBUILD_MS;

	check_conf(dns);
	if (dns->rebuild)
		rebuild(dns);
	dns->user.room(dns->user.arg);
	wait = ares_timeout(dns->channel, NULL, &buffer);
	if (!wait && !dns->rebuild) {
		event_del(&dns->timeout);
		return;
	}
	/* It rounds down: a millisecond more, or the loop would spin through the last one. */
	if (wait)
		ms = (uint32_t)(wait->tv_sec * 1000 + wait->tv_usec / 1000) + 1;
	timer_try(&dns->timeout, ms);
}

void dns_forget(struct dns_query *query)
{
	query->question = NULL;
}

unsigned dns_in_flight(const struct dns *dns)
{
	return dns->in_flight;
}

void dns_configure(struct dns *dns, const struct resolver_address *servers, size_t count)
{
	bool first = dns->configured || dns->server_count == 0;

	dns->configured = count > 0;
	dns->conf_checked_ms = clock_ms();
	if (count > 0)
		take_servers(dns, servers, count);
	else
		read_servers(dns, first);
}

struct dns *dns_new(struct event_base *base, const struct dns_user *user,
                    const struct resolver_address *servers, size_t count)
{
	struct dns *dns = xcalloc(1, sizeof(*dns));

	dns->base = base;
	dns->user = *user;
	event_assign(&dns->timeout, base, -1, 0, on_timeout, dns);
	dns_configure(dns, servers, count);
	rebuild(dns);
	if (dns->channel)
		return dns;
	dns_free(dns);
	return NULL;
}

void dns_free(struct dns *dns)
{
	if (!dns)
		return;
	if (dns->channel)
		ares_destroy(dns->channel);
	event_del(&dns->timeout);
	free(dns->servers);
	free(dns);
}
