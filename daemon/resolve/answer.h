/* Converts results of c-ares into answers for the daemon. Pure. */
#ifndef SHUNT_RESOLVE_ANSWER_H
#define SHUNT_RESOLVE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

#include "shunt/table.h"

struct ares_addrinfo;

enum dns_outcome {
	DNS_GOOD,
	DNS_ABSENT,  /* a server reports NXDOMAIN, or no addresses of this family */
	DNS_FAILED,  /* no server gave a usable answer */
	DNS_AGAIN,   /* abandoned because the set of servers changed; no outcome */
	DNS_SHORTAGE /* this host has run out of descriptors or memory; no outcome */
};

struct dns_answer {
	enum dns_outcome outcome;
	/* NULL on success; equal texts are the same constant, so they are compared by address. */
	const char *error;
	/* On failure: the server did not respond, and waiting for it took time. */
	bool silent;
	struct address address[SHUNT_ADDRESSES_MAX]; /* on success: sorted, without duplicates */
	size_t count;
	bool more; /* there are more addresses than fit; the largest were left out */
	int ttl;   /* seconds, the minimum of addresses and aliases; negative for 2^31 or more */
};

/* The outcome and its text; `status` is an ARES_ code. */
void answer_of_status(struct dns_answer *answer, int status);

/*
 * The addresses and the TTL. A server may add addresses of the other family to its answer: they are
 * ignored.
 */
void answer_of_result(const struct ares_addrinfo *result, int family, struct dns_answer *answer);

#endif
