#include "probe/kind/route.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stddef.h>

#include "shunt/table.h"

#define KEPT_US 1000000u

enum {
	KIND_IPV4 = 1,
	KIND_IPV4_LOOPBACK = 2,
	KIND_IPV6 = 4,
	KIND_IPV6_LOOPBACK = 8,
	KIND_IPV6_LINK = 16,
	KIND_IPV6_UNIQUE = 32,
	KIND_ALL = 63
};

unsigned route_kind(const struct address *address)
{
	const struct in6_addr *in6 = (const struct in6_addr *)address->byte;
	bool loopback = address_is_loopback(address);

	if (address->family == SHUNT_FAMILY_IPV4 || address_is_mapped(address))
		return loopback ? KIND_IPV4_LOOPBACK : KIND_IPV4;
	if (loopback)
		return KIND_IPV6_LOOPBACK;
	if (IN6_IS_ADDR_LINKLOCAL(in6))
		return KIND_IPV6_LINK;
	return (address->byte[0] & 0xfe) == 0xfc ? KIND_IPV6_UNIQUE : KIND_IPV6;
}

static unsigned read_kinds(void)
{
	struct ifaddrs *all;
	struct address address;
	unsigned kinds = 0;

	if (getifaddrs(&all) < 0)
		return KIND_ALL;
	for (struct ifaddrs *one = all; one; one = one->ifa_next) {
		if (one->ifa_addr && address_from_sockaddr(one->ifa_addr, &address))
			kinds |= route_kind(&address);
	}
	freeifaddrs(all);
	return kinds;
}

/* Per host, not per prober. */
static unsigned worked;

bool route_exists(const struct address *address, uint64_t now_us)
{
	/*
	 * Cached: thousands of connects may fail in a second, and a netlink request takes 30 µs or
	 * more.
	 */
	static unsigned kinds;
	static uint64_t read_us;

	if (!kinds || now_us - read_us > KEPT_US) {
		kinds = read_kinds();
		read_us = now_us;
	}
	return (kinds | worked) & route_kind(address);
}

void route_worked(const struct address *address)
{
	worked |= route_kind(address);
}
