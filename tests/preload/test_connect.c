/* connect() under the shim; the cases are in client_connect.c. In a network of its own, whose loopback has what they need. */
#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "drive.h"
#include "shunt/table.h"

static bool raise_loopback(int fd)
{
	struct ifreq request = { .ifr_name = "lo" };

	if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		return false;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

static bool add_ipv6(int fd, const char *address)
{
	struct in6_ifreq request = { .ifr6_prefixlen = 128, .ifr6_ifindex = 1 };

	return inet_pton(AF_INET6, address, &request.ifr6_addr) == 1 &&
	       ioctl(fd, SIOCSIFADDR, &request) == 0;
}

/* Where we may not, the host's own loopback has all but the addresses of IPv6, and those cases are left out. */
static void make_network(void)
{
	int fd4 = -1, fd6 = -1;

	if (unshare(CLONE_NEWNET) != 0)
		return;
	drive_has_network = true;
	fd4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!raise_loopback(fd4) || !add_ipv6(fd6, FAKE_FIRST6) || !add_ipv6(fd6, FAKE_SECOND6))
		fprintf(stderr, "# no IPv6 on the loopback: %s\n", strerror(errno));
	close(fd4);
	close(fd6);
}

int main(void)
{
	make_network();
	return drive("client_connect");
}
