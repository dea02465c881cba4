/*
 * IP addresses as values: formatting, parsing, comparison, classification. No ports, no names, no
 * allocation.
 */
#ifndef SHUNT_BASE_ADDRESS_H
#define SHUNT_BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Room for "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%", an interface's name or number, and the
 * final zero.
 */
#define ADDRESS_TEXT_MAX 64

struct address {
	uint32_t family;   /* SHUNT_FAMILY_IPV4 or SHUNT_FAMILY_IPV6 of shunt/table.h */
	uint32_t scope_id; /* IPv6 zone; else 0 */
	uint8_t byte[16];  /* network order; IPv4 uses the first four bytes, the rest is 0 */
};

/*
 * Parses an IP literal, strictly: four decimal numbers, or IPv6 with an optional %zone (interface
 * name or number).
 */
bool address_parse(const char *text, struct address *out);

/* Formats it as address_parse() accepts it, the zone as a number. Returns `text`. */
const char *address_format(const struct address *address, char text[ADDRESS_TEXT_MAX]);

/* Returns the length to pass to connect(2). `port` is in host order. */
socklen_t address_to_sockaddr(const struct address *address, uint16_t port,
                              struct sockaddr_storage *out);

bool address_from_sockaddr(const struct sockaddr *sockaddr, struct address *out);

/* A total order: IPv4 before IPv6, then by bytes, then by zone. 0 means equal. */
int address_compare(const struct address *a, const struct address *b);

bool address_is_loopback(const struct address *address);

/*
 * Loopback, link-local, multicast or unspecified, including IPv4-mapped forms: addresses that names
 * in DNS must not lead to.
 */
bool address_is_local(const struct address *address);

/* An IPv4 address as an IPv6 one: ::ffff:192.0.2.1. */
bool address_is_mapped(const struct address *address);

/*
 * Where connections to the address go: the IPv4 address of a mapped one; any other address itself.
 * Addresses of connections, unlike those of answers, are compared in this form.
 */
struct address address_unmapped(const struct address *address);

#endif
