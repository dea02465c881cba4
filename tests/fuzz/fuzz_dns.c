/*
 * Answers of a DNS server, for libFuzzer and for the replay in tests/unit/fuzz.
 *
 * Input: a byte for the address family, then the answer without its ID, which is taken from the
 * query. The answer goes through a local socket and c-ares to the callback of resolve. The callback
 * must be called exactly once, either with addresses of the requested family, sorted and without
 * duplicates, or with an error text.
 */
#include <arpa/inet.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ares.h>

#include "resolve/dns.h"
#include "tests/fuzz/bytes.h"

#define NAME "a.example"
#define MESSAGE_MAX 4096u
#define TRIES_MAX 8u /* c-ares retries after an invalid answer */

static struct server {
	struct event_base *base;
	int fd;
	struct resolver_address address;
} server;

/*
 * Number of addresses in the last good answer; the replay uses it to check that answers get
 * through.
 */
static size_t addresses_seen;

struct outcome {
	unsigned count;
	int family;
};

static void check_good(const struct dns_answer *answer, int family)
{
	uint16_t wanted = family == AF_INET ? SHUNT_FAMILY_IPV4 : SHUNT_FAMILY_IPV6;

	addresses_seen = answer->count;
	HOLDS(!answer->error && answer->count > 0 && answer->count <= SHUNT_ADDRESSES_MAX);
	for (size_t i = 0; i < answer->count; i++) {
		HOLDS(answer->address[i].family == wanted);
		HOLDS(i == 0 || address_compare(&answer->address[i - 1], &answer->address[i]) < 0);
	}
}

static void on_answer(void *question, const struct dns_answer *answer)
{
	struct outcome *outcome = question;

	outcome->count++;
	if (answer->outcome == DNS_GOOD)
		check_good(answer, outcome->family);
	else
		HOLDS(answer->count == 0);
	if (answer->outcome == DNS_ABSENT || answer->outcome == DNS_FAILED)
		check_line(answer->error);
}

static void ignore(void *arg)
{
	(void)arg;
}

static void server_start(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);

	if (server.base)
		return;
	HOLDS(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
	server.base = event_base_new();
	server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	HOLDS(server.base && server.fd >= 0);
	HOLDS(bind(server.fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	HOLDS(getsockname(server.fd, (struct sockaddr *)&at, &length) == 0);
	HOLDS(address_from_sockaddr((struct sockaddr *)&at, &server.address.address));
	server.address.port = ntohs(at.sin_port);
}

/* Answer one query, if one is pending. */
static bool serve(const uint8_t *data, size_t size)
{
	uint8_t message[MESSAGE_MAX];
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);

	if (recvfrom(server.fd, message, sizeof(message), 0, (struct sockaddr *)&from, &length) < 2)
		return false;
	size = size < sizeof(message) - 2 ? size : sizeof(message) - 2;
	memcpy(message + 2, data, size);
	sendto(server.fd, message, size + 2, 0, (struct sockaddr *)&from, length);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dns_user user = { .answered = on_answer,
		                       .room = ignore,
		                       .other_servers = ignore };
	struct bytes bytes = { data, size };
	struct outcome outcome = { .family = bytes_number(&bytes) & 1 ? AF_INET6 : AF_INET };
	struct dns_query *query;
	struct dns *dns;

	server_start();
	dns = dns_new(server.base, &user, &server.address, 1);
	HOLDS(dns);
	query = dns_ask(dns, NAME, outcome.family, &outcome);
	for (unsigned i = 0; i < TRIES_MAX && !outcome.count; i++) {
		bool asked = serve(bytes.data, bytes.size);

		event_base_loop(server.base, EVLOOP_NONBLOCK);
		if (!asked)
			break;
	}
	HOLDS(outcome.count <= 1);
	if (!outcome.count)
		dns_forget(query);
	dns_free(dns);
	HOLDS(outcome.count <= 1);
	event_base_loop(server.base, EVLOOP_NONBLOCK);
	/* Discard late packets, so that they do not affect the next input. */
	while (recv(server.fd, &(char){ 0 }, 1, 0) >= 0)
		;
	return 0;
}
