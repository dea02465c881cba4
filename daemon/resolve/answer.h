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
	DNS_SHORTAGE /* this host is out of descriptors or memory; no outcome */
};

struct dns_answer {
	enum dns_outcome outcome;
	const char *error;                           /* NULL when good; one text has one address */
	bool silent;                                 /* failed: and that cost time */
	struct address address[SHUNT_ADDRESSES_MAX]; /* good: sorted, no doubles */
	size_t count;
	bool more; /* …than fit; the largest were left out */
	int ttl;   /* seconds, the smallest of addresses and aliases; negative from 2^31 on */
};

/* The outcome and its words; `status` is an ARES_ code. */
void answer_of_status(struct dns_answer *answer, int status);

/* The addresses and the TTL. A server may put addresses of the other family into its answer: they are not taken. */
void answer_of_result(const struct ares_addrinfo *result, int family, struct dns_answer *answer);

#endif
