#include "connection/destination.h"

#include <string.h>

struct shunt_address destination_plain(const struct shunt_address *address)
{
	if (address->family == SHUNT_FAMILY_IPV6 &&
	    IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)address->word))
		return (struct shunt_address){ .family = SHUNT_FAMILY_IPV4,
			                       .word = { address->word[3] } };
	return *address;
}

static void read_ipv6(struct destination *destination)
{
	const struct sockaddr_in6 *in6 = &destination->place.in6;
	struct shunt_address address = { .family = SHUNT_FAMILY_IPV6,
		                         .scope_id = in6->sin6_scope_id };

	memcpy(address.word, &in6->sin6_addr, sizeof(address.word));
	destination->address = destination_plain(&address);
	destination->port = in6->sin6_port;
}

bool destination_read(struct destination *destination, const struct sockaddr *address,
                      socklen_t size)
{
	if (!address || size < sizeof(address->sa_family))
		return false;
	memset(destination, 0, sizeof(*destination));
	if (address->sa_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
		destination->size = sizeof(struct sockaddr_in);
		memcpy(&destination->place, address, sizeof(struct sockaddr_in));
		destination->address.family = SHUNT_FAMILY_IPV4;
		memcpy(destination->address.word, &destination->place.in.sin_addr, 4);
		destination->port = destination->place.in.sin_port;
		return true;
	}
	if (address->sa_family != AF_INET6 || size < sizeof(struct sockaddr_in6))
		return false;
	destination->size = sizeof(struct sockaddr_in6);
	memcpy(&destination->place, address, sizeof(struct sockaddr_in6));
	read_ipv6(destination);
	return true;
}

void destination_move(struct destination *destination, const struct shunt_address *address)
{
	struct sockaddr_in6 *in6 = &destination->place.in6;

	destination->address = *address;
	destination->address.flags = 0;
	if (destination->place.any.sa_family == AF_INET) {
		memcpy(&destination->place.in.sin_addr, address->word, 4);
	} else if (address->family == SHUNT_FAMILY_IPV4) {
		memcpy(&in6->sin6_addr.s6_addr[12], address->word,
		       4); /* it was such a one before */
	} else {
		memcpy(&in6->sin6_addr, address->word, sizeof(address->word));
		in6->sin6_scope_id = address->scope_id;
	}
}

bool destination_is(const struct shunt_address *one, const struct shunt_address *other)
{
	return one->family == other->family &&
	       memcmp(one->word, other->word, one->family == SHUNT_FAMILY_IPV4 ? 4 : 16) == 0 &&
	       (one->family == SHUNT_FAMILY_IPV4 || one->scope_id == other->scope_id);
}
