#include "base/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shunt/table.h"

static bool parse_zone(const char *zone, uint32_t *out)
{
	unsigned long long number;
	char *end;

	number = if_nametoindex(zone);
	if (number == 0 && *zone >= '0' && *zone <= '9') {
		number = strtoull(zone, &end, 10);
		if (*end || number > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)number;
	return number != 0;
}

bool address_parse(const char *text, struct address *out)
{
	char plain[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "%");

	memset(out, 0, sizeof(*out));
	if (length >= sizeof(plain))
		return false;
	memcpy(plain, text, length);
	plain[length] = '\0';
	if (inet_pton(AF_INET, plain, out->byte) == 1) {
		out->family = SHUNT_FAMILY_IPV4;
		return !text[length];
	}
	if (inet_pton(AF_INET6, plain, out->byte) != 1)
		return false;
	out->family = SHUNT_FAMILY_IPV6;
	return !text[length] || parse_zone(text + length + 1, &out->scope_id);
}

/*
 * A status of many records formats thousands of addresses: the printf() used by inet_ntop() would
 * take a quarter of the total time.
 */
static char *put_byte(char *at, unsigned byte)
{
	if (byte >= 100)
		*at++ = (char)('0' + byte / 100);
	if (byte >= 10)
		*at++ = (char)('0' + byte / 10 % 10);
	*at++ = (char)('0' + byte % 10);
	return at;
}

static void format_ipv4(const uint8_t byte[4], char *at)
{
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at = put_byte(at, byte[i]);
	}
	*at = '\0';
}

const char *address_format(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
	size_t length;

	if (address->family == SHUNT_FAMILY_IPV4)
		format_ipv4(address->byte, text);
	else
		inet_ntop(AF_INET6, address->byte, text, ADDRESS_TEXT_MAX);
	if (address->scope_id) {
		length = strlen(text);
		snprintf(text + length, ADDRESS_TEXT_MAX - length, "%%%u", address->scope_id);
	}
	return text;
}

socklen_t address_to_sockaddr(const struct address *address, uint16_t port,
                              struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (address->family == SHUNT_FAMILY_IPV4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address->byte, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	in6->sin6_scope_id = address->scope_id;
	memcpy(&in6->sin6_addr, address->byte, 16);
	return sizeof(*in6);
}

bool address_from_sockaddr(const struct sockaddr *sockaddr, struct address *out)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)sockaddr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sockaddr;

	memset(out, 0, sizeof(*out));
	if (sockaddr->sa_family == AF_INET) {
		out->family = SHUNT_FAMILY_IPV4;
		memcpy(out->byte, &in->sin_addr, 4);
		return true;
	}
	if (sockaddr->sa_family != AF_INET6)
		return false;
	out->family = SHUNT_FAMILY_IPV6;
	out->scope_id = in6->sin6_scope_id;
	memcpy(out->byte, &in6->sin6_addr, 16);
	return true;
}

int address_compare(const struct address *a, const struct address *b)
{
	int order;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	order = memcmp(a->byte, b->byte, sizeof(a->byte));
	if (order != 0)
		return order;
	return a->scope_id == b->scope_id ? 0 : a->scope_id < b->scope_id ? -1 : 1;
}

/*
 * A copy, because the macros of netinet/in.h access words, and an array of bytes must not be
 * accessed that way.
 */
static struct in6_addr in6_copy(const struct address *address)
{
	struct in6_addr in6;

	memcpy(&in6, address->byte, sizeof(in6));
	return in6;
}

bool address_is_mapped(const struct address *address)
{
	struct in6_addr in6 = in6_copy(address);

	return address->family == SHUNT_FAMILY_IPV6 && IN6_IS_ADDR_V4MAPPED(&in6);
}

struct address address_unmapped(const struct address *address)
{
	struct address ipv4 = { .family = SHUNT_FAMILY_IPV4 };

	if (!address_is_mapped(address))
		return *address;
	memcpy(ipv4.byte, address->byte + 12, 4);
	return ipv4;
}

/* The four bytes of an IPv4 address or an IPv4-mapped IPv6 address; else NULL. */
static const uint8_t *ipv4_part(const struct address *address)
{
	if (address->family == SHUNT_FAMILY_IPV4)
		return address->byte;
	return address_is_mapped(address) ? address->byte + 12 : NULL;
}

bool address_is_loopback(const struct address *address)
{
	const uint8_t *ipv4 = ipv4_part(address);
	struct in6_addr in6 = in6_copy(address);

	return ipv4 ? ipv4[0] == 127 : IN6_IS_ADDR_LOOPBACK(&in6);
}

bool address_is_local(const struct address *address)
{
	struct in6_addr in6 = in6_copy(address);
	const uint8_t *ipv4 = ipv4_part(address);

	if (ipv4)
		return ipv4[0] == 0 || ipv4[0] == 127 || (ipv4[0] == 169 && ipv4[1] == 254) ||
		       ipv4[0] >= 224;
	return IN6_IS_ADDR_LOOPBACK(&in6) || IN6_IS_ADDR_UNSPECIFIED(&in6) ||
	       IN6_IS_ADDR_LINKLOCAL(&in6) || IN6_IS_ADDR_MULTICAST(&in6);
}
