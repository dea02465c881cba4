#include "probe/kind/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/edge.h"
#include "net/own.h"
#include "probe/kind/dial.h"
#include "probe/kind/errno_words.h"
#include "probe/kind/icmp.h"
#include "probe/kind/route.h"
#include "shunt/table.h"

struct connect_attempt {
	struct probe *probe;
	connect_done *done;
	void (*failed)(void *arg);
	void *arg;
	int fd;
};

/* Calls probe_finish() for an attempt that could not begin, with the errno of that. */
typedef void finisher(struct probe *probe, int error);

/*
 * Whether the lack of a route to the address is permanent: this host has none to any address of
 * that kind.
 */
static bool is_routeless(const struct probe *probe, int error)
{
	switch (error) {
	case EADDRNOTAVAIL:
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EAFNOSUPPORT: return !route_exists(probe_address(probe), clock_us());
	default: return false;
	}
}

/* A link-local address without an interface, as obtained from DNS, can never be reached. */
static bool lacks_zone(const struct probe *probe, int error)
{
	const struct address *address = probe_address(probe);

	return error == EINVAL && address->family == SHUNT_FAMILY_IPV6 && !address->scope_id &&
	       address_is_local(address);
}

/*
 * If this host has no route to addresses of that kind, the result says nothing about the network.
 */
static void finish_at_once(struct probe *probe, int error)
{
	const struct probe_outcome *outcome = probe_errno_at_once(error);

	if (lacks_zone(probe, error))
		probe_finish_path(probe, WHY_NO_ROUTE, PATH_UNKNOWN,
		                  "no route: a link-local address without a zone");
	else if (is_routeless(probe, error))
		probe_finish_path(probe, WHY_NO_ROUTE, PATH_UNKNOWN,
		                  "no route: this host has no %s beside loopback",
		                  probe_address(probe)->family == SHUNT_FAMILY_IPV4 ? "IPv4"
		                                                                    : "IPv6");
	else if (outcome->words)
		probe_finish_path(probe, outcome->why, outcome->path, "%s", outcome->words);
	else
		probe_finish_path(probe, outcome->why, outcome->path,
		                  "cannot connect from here: %s", strerror(error));
}

/*
 * A report from another host proves the path as far as that host. One from this host's own firewall
 * proves nothing, whatever errno it has; it is a failure because programs get the same.
 */
static void finish_later(struct probe *probe, int error, enum icmp_sender sender)
{
	const struct probe_outcome *outcome = probe_errno_later(error);

	if (sender == ICMP_BEYOND)
		probe_finish_path(probe, outcome->why, PATH_PROVEN, "%s",
		                  outcome->words ? outcome->words : strerror(error));
	else if (sender == ICMP_OWN && outcome->path != PATH_SILENT)
		probe_finish_path(probe, WHY_NO_ROUTE, PATH_SILENT,
		                  "no route: rejected by this host's own firewall");
	else
		probe_finish_path(probe, outcome->why, outcome->path, "%s",
		                  outcome->words ? outcome->words : strerror(error));
}

void connect_cancel(struct connect_attempt *attempt)
{
	edge_forget(probe_edges(attempt->probe), attempt->fd);
	close(attempt->fd);
	free(attempt);
}

static bool is_ipv6(const struct probe *probe)
{
	return probe_address(probe)->family == SHUNT_FAMILY_IPV6;
}

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	struct address here, there;

	return address_from_sockaddr((const struct sockaddr *)a, &here) &&
	       address_from_sockaddr((const struct sockaddr *)b, &there) &&
	       address_compare(&here, &there) == 0;
}

/* sin_port and sin6_port are in the same place. */
static unsigned port_of(const struct sockaddr_storage *place)
{
	struct sockaddr_in there;

	memcpy(&there, place, sizeof(there));
	return ntohs(there.sin_port);
}

/*
 * Examines our end of a new connection. If the port is in the range of local ports and no process
 * listens on it, a connect to this host may get that same port as its own, and the socket is then
 * connected to itself (simultaneous open, RFC 9293 3.5).
 */
static int look_at_own_end(struct probe *probe, int fd)
{
	unsigned port = probe_check(probe)->port;
	struct sockaddr_storage own = { 0 }, peer = { 0 };
	socklen_t size = sizeof(own);

	address_to_sockaddr(probe_address(probe), (uint16_t)port, &peer);
	if (getsockname(fd, (struct sockaddr *)&own, &size) < 0 ||
	    !own_ends((const struct sockaddr *)&own, (const struct sockaddr *)&peer))
		return 0;
	probe_stays_here(probe);
	return port_of(&own) == port && is_same_address(&own, &peer) ? ECONNREFUSED : 0;
}

static int connect_error(struct probe *probe, int fd, uint32_t events)
{
	socklen_t size = sizeof(int);
	int error = 0;

	if (events & (EPOLLERR | EPOLLHUP) &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return errno;
	return error ? error : look_at_own_end(probe, fd);
}

static void connected(const struct connect_attempt *ended, uint32_t events)
{
	if (is_ipv6(ended->probe))
		icmp_deafen(ended->fd);
	probe_peer_answered(ended->probe);
	probe_reached(ended->probe, PROBE_CONNECT, clock_us());
	route_worked(probe_address(ended->probe));
	ended->done(ended->arg, ended->fd, events);
}

static void ready(void *arg, int fd, uint32_t events)
{
	struct connect_attempt *attempt = arg, ended = *attempt;
	int error = connect_error(ended.probe, fd, events);
	enum icmp_sender sender = error ? icmp_sender(fd) : ICMP_NONE;

	if (!error) {
		edge_forget(probe_edges(ended.probe), fd);
		free(attempt);
		connected(&ended, events);
		return;
	}
	connect_cancel(attempt);
	ended.failed(ended.arg);
	finish_later(ended.probe, error, sender);
}

/* errno is set if it returns false. No memory in the kernel, or fs.epoll.max_user_watches. */
static bool edge_watched(struct connect_attempt *attempt, int fd)
{
	attempt->fd = fd;
	if (edge_add(probe_edges(attempt->probe), fd, ready, attempt))
		return true;
	errno = ENOMEM;
	return false;
}

/*
 * If this host lacks what the configuration requests, that is not the endpoint's fault, except for
 * an address that does not suit the source address.
 */
static void finish_unbound(struct probe *probe, int error)
{
	const struct check *check = probe_check(probe);
	char text[ADDRESS_TEXT_MAX];
	const char *source = check->source_interface;

	if (!source)
		source = address_format(&check->source, text);
	if (check->source.family && check->source.family != probe_address(probe)->family)
		probe_finish_path(probe, WHY_NO_ROUTE, PATH_UNKNOWN,
		                  "no route: from %s to an address of another kind", source);
	else if (error == ENODEV)
		probe_finish(probe, WHY_OWN_FAULT, "this host has no interface %s", source);
	else if (error == EADDRNOTAVAIL)
		probe_finish(probe, WHY_OWN_FAULT, "this host does not have the address %s",
		             source);
	else
		probe_finish(probe, WHY_OWN_FAULT, "cannot connect from %s: %s", source,
		             strerror(error));
}

/* The last acknowledgement of the handshake goes with the first data, or, after a while, alone. */
static void delay_ack(int fd)
{
	const int second = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &second, sizeof(second));
}

static bool begin(const struct probe *probe, int fd)
{
	if (is_ipv6(probe))
		icmp_listen(fd);
	return dial_begin(probe_check(probe), probe_address(probe), fd);
}

/*
 * A socket that was bound to a source, or by the zone of an address to an interface, stays so when
 * it is disconnected; one that was connected to a mapped address reaches no other ones any more.
 */
int connect_family(const struct probe *probe)
{
	const struct check *check = probe_check(probe);
	const struct address *address = probe_address(probe);

	if (check->source_interface || check->source.family || address->scope_id ||
	    address_is_mapped(address))
		return 0;
	return is_ipv6(probe) ? AF_INET6 : AF_INET;
}

/*
 * A spare socket is in the edge set already. If it does not connect at once it is discarded, since
 * a new one may: what it was used for before must not count against the endpoint.
 */
static bool begin_with_spare(struct connect_attempt *attempt)
{
	struct probe *probe = attempt->probe;
	struct edge_set *edges = probe_edges(probe);
	int family = connect_family(probe);

	attempt->fd = family ? edge_take(edges, family) : -1;
	if (attempt->fd < 0)
		return false;
	edge_pass(edges, attempt->fd, ready, attempt);
	if (begin(probe, attempt->fd))
		return true;
	edge_forget(edges, attempt->fd);
	close(attempt->fd);
	return false;
}

/* Returns false, with `*finish` and errno set, if the attempt has ended. */
static bool begin_with_new(struct connect_attempt *attempt, finisher **finish)
{
	struct probe *probe = attempt->probe;
	int fd = dial_socket(probe_address(probe)), error;

	*finish = finish_at_once;
	if (fd < 0)
		return false;
	delay_ack(fd);
	if (!dial_bind(probe_check(probe), fd))
		*finish = finish_unbound;
	else if (begin(probe, fd) && edge_watched(attempt, fd))
		return true;
	error = errno;
	close(fd);
	errno = error;
	return false;
}

/*
 * A peer on this host answers within connect(), which returns EINPROGRESS all the same. Seen at
 * once, the socket serves the next probe while it is in the processor's caches.
 */
static bool is_answered(const struct connect_attempt *attempt)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return address_is_loopback(probe_address(attempt->probe)) &&
	       getpeername(attempt->fd, (struct sockaddr *)&peer, &size) == 0;
}

struct connect_attempt *connect_start(struct probe *probe, connect_done *done,
                                      void (*failed)(void *arg), void *arg)
{
	struct connect_attempt *attempt = malloc(sizeof(*attempt));
	finisher *finish = finish_at_once;
	int error = ENOMEM;

	if (!attempt)
		goto out;
	*attempt = (struct connect_attempt){
		.probe = probe, .done = done, .failed = failed, .arg = arg
	};
	if (begin_with_spare(attempt) || begin_with_new(attempt, &finish)) {
		if (!is_answered(attempt))
			return attempt;
		ready(attempt, attempt->fd, EPOLLOUT);
		return NULL;
	}
	error = errno;
	free(attempt);
out:
	failed(arg);
	finish(probe, error);
	return NULL;
}

static void tcp_connected(void *arg, int fd, uint32_t events)
{
	(void)events;
	edge_recycle(probe_edges(arg), fd, connect_family(arg));
	probe_finish(arg, WHY_PASS, "%s", "");
}

static void tcp_failed(void *arg)
{
	(void)arg;
}

static void tcp_start(struct probe *probe)
{
	probe_set_attempt(probe, connect_start(probe, tcp_connected, tcp_failed, probe));
}

static void tcp_cancel(void *attempt)
{
	connect_cancel(attempt);
}

static const char *tcp_stage(const void *attempt)
{
	(void)attempt;
	return "connect";
}

const struct probe_kind probe_tcp = { .start = tcp_start,
	                              .cancel = tcp_cancel,
	                              .stage = tcp_stage };
