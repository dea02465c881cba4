#include "resolve/answer.h"

#include <ares.h>
#include <netinet/in.h>
#include <stdint.h>

#include "resolve/rules.h"

struct status_row {
	int status;
	enum dns_outcome outcome;
	const char *words;
};

/*
 * c-ares 1.18 maps SERVFAIL, REFUSED and a closed port all to ARES_ECONNREFUSED. The last row is
 * the default for all other codes.
 */
static const struct status_row statuses[] = {
	{ ARES_SUCCESS, DNS_GOOD, NULL },
	{ ARES_ENODATA, DNS_ABSENT, "no addresses" },
	{ ARES_ENOTFOUND, DNS_ABSENT, "NXDOMAIN" },
	{ ARES_ETIMEOUT, DNS_FAILED, "no answer from the DNS servers" },
	{ ARES_ECONNREFUSED, DNS_FAILED, "server failure or refused" },
	{ ARES_ESERVFAIL, DNS_FAILED, "server failure or refused" },
	{ ARES_EREFUSED, DNS_FAILED, "server failure or refused" },
	{ ARES_EBADNAME, DNS_FAILED, "not a name that DNS can carry" },
	{ ARES_EFORMERR, DNS_FAILED, "the DNS servers do not understand the question" },
	{ ARES_ENOTIMP, DNS_FAILED, "the DNS servers do not understand the question" },
	{ ARES_ENOMEM, DNS_SHORTAGE, NULL },
	{ ARES_EDESTRUCTION, DNS_AGAIN, NULL },
	{ ARES_ECANCELLED, DNS_AGAIN, NULL },
	{ -1, DNS_FAILED, "malformed answer from the DNS servers" },
};

static const struct status_row *find_status(int status)
{
	const struct status_row *row = statuses;

	while (row->status != status && row->status != -1)
		row++;
	return row;
}

/*
 * RFC 2181 (8) treats a TTL of 2^31 or more as 0. c-ares returns it as a negative value, or as
 * INT32_MAX (1.34).
 */
static int smaller_ttl(int ttl, int other)
{
	if (other == INT32_MAX)
		other = 0;
	return other < ttl ? other : ttl;
}

/* A server may add addresses of the other family to its answer: they are ignored. */
void answer_of_result(const struct ares_addrinfo *result, int family, struct dns_answer *answer)
{
	struct address address;

	answer->ttl = (int)(RESOLVE_TTL_MAX_MS / 1000);
	for (const struct ares_addrinfo_node *node = result->nodes; node; node = node->ai_next) {
		if (node->ai_family != family || !address_from_sockaddr(node->ai_addr, &address))
			continue;
		answer->ttl = smaller_ttl(answer->ttl, node->ai_ttl);
		if (!resolve_insert(answer->address, &answer->count, SHUNT_ADDRESSES_MAX, &address))
			answer->more = true;
	}
	for (const struct ares_addrinfo_cname *cname = result->cnames; cname; cname = cname->next)
		answer->ttl = smaller_ttl(answer->ttl, cname->ttl);
}

void answer_of_status(struct dns_answer *answer, int status)
{
	const struct status_row *row = find_status(status);

	answer->outcome = row->outcome;
	answer->error = row->words;
	answer->silent = status == ARES_ETIMEOUT;
}
