#include "probe/kind/connect.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/own.h"
#include "probe/kind/dial.h"
#include "probe/kind/errno_words.h"
#include "probe/kind/icmp.h"
#include "probe/kind/route.h"
#include "shunt/table.h"

struct connect_attempt {
	struct event event;
	struct probe *probe;
	connect_done *done;
	void (*failed)(void *arg);
	void *arg;
	int fd;
};

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
	event_del(&attempt->event);
	if (attempt->fd >= 0)
		close(attempt->fd);
	free(attempt);
}

/*
 * Examines both ends of a new connection. If the port is in the range of local ports and no process
 * listens on it, a connect to this host may get that same port as its own, and the socket is then
 * connected to itself (simultaneous open, RFC 9293 3.5).
 */
static int look_at_ends(struct probe *probe, int fd)
{
	struct sockaddr_storage own = { 0 }, peer = { 0 };
	socklen_t own_size = sizeof(own), peer_size = sizeof(peer);

	if (getsockname(fd, (struct sockaddr *)&own, &own_size) < 0 ||
	    getpeername(fd, (struct sockaddr *)&peer, &peer_size) < 0)
		return 0;
	if (own_size == peer_size && memcmp(&own, &peer, own_size) == 0)
		return ECONNREFUSED;
	if (own_ends((const struct sockaddr *)&own, (const struct sockaddr *)&peer))
		probe_stays_here(probe);
	return 0;
}

static int connect_error(struct probe *probe, int fd)
{
	socklen_t size = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return errno;
	return error ? error : look_at_ends(probe, fd);
}

static void writable(evutil_socket_t fd, short what, void *arg)
{
	struct connect_attempt ended = *(struct connect_attempt *)arg;
	struct connect_attempt *attempt = arg;
	int error = connect_error(attempt->probe, fd);
	enum icmp_sender sender = error ? icmp_sender(fd) : ICMP_NONE;

	(void)what;
	if (!error)
		attempt->fd = -1; /* now owned by the callee */
	connect_cancel(attempt);
	if (!error) {
		if (probe_address(ended.probe)->family == SHUNT_FAMILY_IPV6)
			icmp_deafen(fd);
		probe_peer_answered(ended.probe);
		probe_reached(ended.probe, PROBE_CONNECT, clock_us());
		route_worked(probe_address(ended.probe));
		ended.done(ended.arg, ended.fd);
		return;
	}
	ended.failed(ended.arg);
	finish_later(ended.probe, error, sender);
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

struct connect_attempt *connect_start(struct probe *probe, connect_done *done,
                                      void (*failed)(void *arg), void *arg)
{
	struct connect_attempt *attempt;
	void (*finish)(struct probe *, int) = finish_at_once;
	int fd = dial_socket(probe_address(probe)), error = errno;

	if (fd < 0)
		goto out;
	if (probe_address(probe)->family == SHUNT_FAMILY_IPV6)
		icmp_listen(fd);
	if (!dial_bind(probe_check(probe), fd)) {
		error = errno;
		finish = finish_unbound;
		goto out_fd;
	}
	if (!dial_begin(probe_check(probe), probe_address(probe), fd)) {
		error = errno;
		goto out_fd;
	}
	error = ENOMEM;
	attempt = malloc(sizeof(*attempt));
	if (!attempt)
		goto out_fd;
	*attempt = (struct connect_attempt){
		.probe = probe, .done = done, .failed = failed, .arg = arg, .fd = fd
	};
	event_assign(&attempt->event, probe_base(probe), fd, EV_WRITE, writable, attempt);
	if (event_add(&attempt->event, NULL) < 0)
		goto out_attempt;
	return attempt;
out_attempt:
	free(attempt);
out_fd:
	close(fd);
out:
	failed(arg);
	finish(probe, error);
	return NULL;
}

static void tcp_connected(void *arg, int fd)
{
	close(fd);
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
