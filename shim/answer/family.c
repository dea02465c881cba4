#include "answer/family.h"

#include <netinet/in.h>

static const struct in6_addr *in6(const struct shunt_address *address)
{
	return (const struct in6_addr *)address->word;
}

bool family_is_mapped(const struct shunt_address *address)
{
	return IN6_IS_ADDR_V4MAPPED(in6(address));
}

const struct shunt_address *family_as_ipv4(const struct shunt_address *address,
                                           struct shunt_address *room)
{
	if (address->family == SHUNT_FAMILY_IPV4)
		return address;
	*room = (struct shunt_address){ .family = SHUNT_FAMILY_IPV4 };
	if (family_is_mapped(address))
		room->word[0] = address->word[3];
	else if (IN6_IS_ADDR_LOOPBACK(in6(address)))
		room->word[0] = htonl(INADDR_LOOPBACK);
	else
		return NULL;
	return room;
}
