#include "resolve/sockets.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/own.h"

#include "shunt/table.h"

/* Datagrams read in one iteration of the loop, however many a server sends. */
#define READS_A_TURN 256

/* A socket watched by the loop. */
struct sockets_link {
	struct sockets *sockets;
	struct sockets_link *next;
	int fd;
	struct event event;
};

/*
 * Counts shortages, so that a query that fails because of one is not taken for a failure of its
 * servers.
 */
static void note_errno(struct sockets *sockets)
{
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
		sockets->shortages++;
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

/* c-ares does not support zones, which a link-local server needs. */
static uint32_t find_zone(const struct sockets *sockets, const struct sockaddr_in6 *to)
{
	for (size_t i = 0; i < sockets->conf->server_count; i++) {
		const struct resolver_address *server = &sockets->conf->servers[i];

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
 * c-ares reads until there is nothing left: a server that floods us must not block the loop. c-ares
 * would also take an empty datagram for the end of a connection, and abandon all queries.
 */
static ares_ssize_t socket_receive(ares_socket_t fd, void *data, size_t size, int flags,
                                   struct sockaddr *from, ares_socklen_t *length, void *arg)
{
	struct sockets *sockets = arg;
	ssize_t got;

	if (sockets->reads == 0) {
		errno = EAGAIN;
		return -1;
	}
	sockets->reads--;
	got = recvfrom(fd, data, size, flags, from, length);
	if (got == 0 && from) {
		errno = EAGAIN;
		return -1;
	}
	if (got > 0 && !own_peer(fd))
		sockets->beyond = true;
	return got;
}

#if ARES_VERSION >= 0x012200

static ares_ssize_t socket_send(ares_socket_t fd, const void *data, size_t size, int flags,
                                const struct sockaddr *to, ares_socklen_t length, void *arg)
{
	ssize_t sent = sendto(fd, data, size, flags | MSG_NOSIGNAL, to, length);

	if (sent < 0)
		note_errno(arg);
	return sent;
}

static int socket_connect_with(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t length,
                               unsigned flags, void *arg)
{
	(void)flags;
	return socket_connect(fd, to, length, arg);
}

/* c-ares sets buffer sizes and devices to bind to here, neither of which is used. */
static int socket_option(ares_socket_t fd, ares_socket_opt_t option, const void *value,
                         ares_socklen_t size, void *arg)
{
	(void)fd;
	(void)option;
	(void)value;
	(void)size;
	(void)arg;
	errno = ENOSYS;
	return -1;
}

static unsigned zone_index(const char *name, void *arg)
{
	(void)arg;
	return if_nametoindex(name);
}

static const char *zone_name(unsigned index, char *name, size_t size, void *arg)
{
	(void)arg;
	return size >= IF_NAMESIZE ? if_indextoname(index, name) : NULL;
}

bool sockets_attach(struct sockets *sockets, ares_channel channel)
{
	static const struct ares_socket_functions_ex functions = {
		.version = 1,
		.asocket = socket_open,
		.aclose = socket_close,
		.asetsockopt = socket_option,
		.aconnect = socket_connect_with,
		.arecvfrom = socket_receive,
		.asendto = socket_send,
		.aif_nametoindex = zone_index,
		.aif_indextoname = zone_name,
	};

	return ares_set_socket_functions_ex(channel, &functions, sockets) == ARES_SUCCESS;
}

#else

static ares_ssize_t socket_send(ares_socket_t fd, const struct iovec *vector, int count, void *arg)
{
	struct msghdr message = { .msg_iov = (struct iovec *)vector, .msg_iovlen = (size_t)count };
	ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

	if (sent < 0)
		note_errno(arg);
	return sent;
}

bool sockets_attach(struct sockets *sockets, ares_channel channel)
{
	static const struct ares_socket_functions functions = {
		.asocket = socket_open,
		.aclose = socket_close,
		.aconnect = socket_connect,
		.arecvfrom = socket_receive,
		.asendv = socket_send,
	};

	ares_set_socket_functions(channel, &functions, sockets);
	return true;
}

#endif

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct sockets_link *link = arg;
	struct sockets *sockets = link->sockets;

	/* `link` is freed if c-ares closes the socket during this call. */
	sockets->reads = READS_A_TURN;
	sockets->beyond = false;
	sockets->ready(sockets->arg, what & EV_READ ? fd : ARES_SOCKET_BAD,
	               what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	sockets->beyond = false;
}

static void unlink_socket(struct sockets *sockets, int fd)
{
	for (struct sockets_link **place = &sockets->links; *place; place = &(*place)->next) {
		struct sockets_link *link = *place;

		if (link->fd != fd)
			continue;
		*place = link->next;
		event_del(&link->event);
		free(link);
		return;
	}
}

static struct sockets_link *link_socket(struct sockets *sockets, int fd)
{
	struct sockets_link *link = sockets->links;

	while (link && link->fd != fd)
		link = link->next;
	if (link) {
		event_del(&link->event);
		return link;
	}
	link = memory_calloc(1, sizeof(*link));
	link->sockets = sockets;
	link->fd = fd;
	link->next = sockets->links;
	return sockets->links = link;
}

void sockets_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct sockets *sockets = arg;
	short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	struct sockets_link *link;

	if (!what) {
		unlink_socket(sockets, fd);
		return;
	}
	link = link_socket(sockets, fd);
	event_assign(&link->event, sockets->base, fd, (short)(what | EV_PERSIST), on_socket, link);
	/* If this fails for lack of memory, c-ares' own timeout ends the query. */
	event_add(&link->event, NULL);
}
