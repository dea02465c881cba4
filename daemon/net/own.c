#include "net/own.h"

#include <unistd.h>

#include "shunt/table.h"

#define ANY_PORT 9 /* nothing is sent to it */

bool own_ends(const struct sockaddr *own, const struct sockaddr *peer)
{
	struct address here, there;

	if (!address_from_sockaddr(own, &here) || !address_from_sockaddr(peer, &there))
		return true;
	return address_is_loopback(&there) || address_compare(&here, &there) == 0;
}

bool own_peer(int fd)
{
	struct sockaddr_storage own, peer;
	socklen_t own_size = sizeof(own), peer_size = sizeof(peer);

	if (getsockname(fd, (struct sockaddr *)&own, &own_size) < 0 ||
	    getpeername(fd, (struct sockaddr *)&peer, &peer_size) < 0)
		return true;
	return own_ends((const struct sockaddr *)&own, (const struct sockaddr *)&peer);
}

bool own_address(const struct address *address)
{
	int family = address->family == SHUNT_FAMILY_IPV4 ? AF_INET : AF_INET6;
	struct sockaddr_storage peer;
	socklen_t size = address_to_sockaddr(address, ANY_PORT, &peer);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool own;

	if (fd < 0)
		return true;
	own = connect(fd, (const struct sockaddr *)&peer, size) < 0 || own_peer(fd);
	close(fd);
	return own;
}
