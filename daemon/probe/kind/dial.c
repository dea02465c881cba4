#include "probe/kind/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "shunt/table.h"

int dial_socket(const struct address *address)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	int family = address->family == SHUNT_FAMILY_IPV4 ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return fd;
}

bool dial_bind(const struct check *check, int fd)
{
	struct sockaddr_storage own;
	socklen_t size;
	int yes = 1;

	if (check->source_interface)
		return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, check->source_interface,
		                  (socklen_t)strlen(check->source_interface)) == 0;
	if (!check->source.family)
		return true;
	size = address_to_sockaddr(&check->source, 0, &own);
	return setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes)) == 0 &&
	       bind(fd, (struct sockaddr *)&own, size) == 0;
}

bool dial_begin(const struct check *check, const struct address *address, int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = address_to_sockaddr(address, check->port, &peer);

	return connect(fd, (struct sockaddr *)&peer, size) == 0 || errno == EINPROGRESS;
}
