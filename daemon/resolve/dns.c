#include "resolve/dns.h"

#include <ares.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "net/stamp.h"
#include "resolve/channel.h"
#include "resolve/conf.h"
#include "resolve/sockets.h"

#define CONF_MS 1000    /* interval between checks of resolv.conf */
#define REBUILD_MS 1000 /* interval between attempts to create a channel */

/*
 * Changing the first server restarts all queries in flight: with servers that are merely slow, no
 * query would ever be answered.
 */
#define PREFER_MS 10000

/* A query passed to c-ares. */
struct dns_query {
	struct dns *dns;
	void *question;      /* NULL if forgotten */
	int family;          /* AF_ */
	uint64_t generation; /* the channel it was given to */
	uint64_t shortages;  /* the count when the query started */
};

struct dns {
	struct event_base *base;
	struct dns_user user;
	ares_channel channel;
	uint64_t generation;  /* of the channel */
	struct event timeout; /* for the time returned by ares_timeout() */
	unsigned in_flight;
	struct sockets sockets;

	struct conf conf; /* in use */
	/* Index of the server that is queried first: one that has answered. */
	size_t first;
	uint64_t preferred_ms; /* time since when; 0: as configured */
	bool configured;       /* the servers come from the configuration */
	bool rebuild;          /* a new channel must be created */
	struct stamp conf_stamp;
	uint64_t conf_checked_ms;
};

/* --- answers ---------------------------------------------------------------------------------- */

static void make_answer(const struct dns_query *query, int status,
                        const struct ares_addrinfo *result, struct dns_answer *answer)
{
	const struct dns *dns = query->dns;

	memset(answer, 0, sizeof(*answer));
	answer_of_status(answer, status);
	if (query->generation != dns->generation)
		answer->outcome = DNS_AGAIN;
	else if (answer->outcome == DNS_FAILED && query->shortages != dns->sockets.shortages)
		answer->outcome = DNS_SHORTAGE;
	if (answer->outcome != DNS_GOOD)
		return;
	if (result)
		answer_of_result(result, query->family, answer);
	if (answer->count == 0)
		answer_of_status(answer, ARES_ENODATA);
}

/*
 * c-ares starts every query with the same server, even if it does not respond: makes that one that
 * does.
 */
static void prefer_server(struct dns *dns, size_t timeouts)
{
	uint64_t now = clock_ms();

	if (timeouts == 0 || dns->conf.server_count == 1 || dns->conf.rotate || dns->rebuild ||
	    (dns->preferred_ms && now - dns->preferred_ms < PREFER_MS))
		return;
	dns->preferred_ms = now;
	dns->first = (dns->first + timeouts) % dns->conf.server_count;
	dns->rebuild = true;
}

/*
 * Called by c-ares, possibly from within ares_getaddrinfo() or ares_destroy(): must not call
 * c-ares.
 */
static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct dns_query *query = arg;
	struct dns *dns = query->dns;
	struct dns_answer answer;

	make_answer(query, status, result, &answer);
	dns->in_flight--;
	/* c-ares took what was read for an answer to this query, even if only for a refusal. */
	if (dns->sockets.beyond)
		dns->user.heard(dns->user.arg);
	if (answer.outcome == DNS_GOOD || answer.outcome == DNS_ABSENT)
		prefer_server(dns, (size_t)timeouts);
	if (query->question)
		dns->user.answered(query->question, &answer);
	free(query);
	if (result)
		ares_freeaddrinfo(result);
}

struct dns_query *dns_ask(struct dns *dns, const char *name, int family, void *question)
{
	struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT, .ai_family = family };
	struct dns_query *query = memory_calloc(1, sizeof(*query));

	query->dns = dns;
	query->question = question;
	query->family = family;
	query->generation = dns->generation;
	query->shortages = dns->sockets.shortages;
	dns->in_flight++;
	ares_getaddrinfo(dns->channel, name, NULL, &hints, on_answer, query);
	return query;
}

/*
 * Servers cannot be changed while there are queries: creates a new channel, and all queries in
 * flight are sent again.
 */
static void rebuild(struct dns *dns)
{
	ares_channel old = dns->channel;
	ares_channel new = channel_new(&dns->conf, dns->first, &dns->sockets);

	if (!new)
		return;
	dns->rebuild = false;
	dns->channel = new;
	dns->generation++;
	if (old)
		ares_destroy(old);
}

static void take_conf(struct dns *dns, const struct conf *conf)
{
	if (conf_equal(conf, &dns->conf))
		return;
	memcpy(&dns->conf, conf, sizeof(*conf));
	dns->first = 0;
	dns->preferred_ms = 0;
	dns->rebuild = true;
	dns->user.other_servers(dns->user.arg);
}

/* If the file cannot be read, its previous contents stay in use; initially, libc's default. */
static void read_conf(struct dns *dns, bool first)
{
	struct conf conf;

	/* The stamp is read first: an edit in between is found by the next check. */
	stamp_read(CONF_PATH, &dns->conf_stamp);
	if (conf_read(&conf)) {
		take_conf(dns, &conf);
	} else if (first) {
		conf_default(&conf);
		take_conf(dns, &conf);
	}
}

static void check_conf(struct dns *dns)
{
	uint64_t now = clock_ms();
	struct stamp stamp;

	if (dns->configured || now - dns->conf_checked_ms < CONF_MS)
		return;
	dns->conf_checked_ms = now;
	if (!stamp_read(CONF_PATH, &stamp) || stamp_equal(&stamp, &dns->conf_stamp))
		return;
	read_conf(dns, false);
	if (dns->rebuild)
		log_info("%s changed: its servers and options are in force", CONF_PATH);
}

static void on_ready(void *arg, ares_socket_t readable, ares_socket_t writable)
{
	struct dns *dns = arg;

	ares_process_fd(dns->channel, readable, writable);
	dns_turn(dns);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	on_ready(arg, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* --- interface -------------------------------------------------------------------------------- */

void dns_turn(struct dns *dns)
{
	struct timeval buffer, *wait;
	uint32_t ms = REBUILD_MS;

	check_conf(dns);
	if (dns->rebuild)
		rebuild(dns);
	dns->user.room(dns->user.arg);
	wait = ares_timeout(dns->channel, NULL, &buffer);
	if (!wait && !dns->rebuild) {
		event_del(&dns->timeout);
		return;
	}
	/*
	 * The timeout is rounded down: without an additional millisecond the loop would spin for
	 * the last one.
	 */
	if (wait)
		ms = (uint32_t)(wait->tv_sec * 1000 + wait->tv_usec / 1000) + 1;
	timer_try(&dns->timeout, ms);
}

void dns_forget(struct dns_query *query)
{
	query->question = NULL;
}

unsigned dns_in_flight(const struct dns *dns)
{
	return dns->in_flight;
}

void dns_configure(struct dns *dns, const struct resolver_address *servers, size_t count)
{
	bool first = dns->configured || dns->conf.server_count == 0;
	struct conf conf;

	dns->configured = count > 0;
	dns->conf_checked_ms = clock_ms();
	if (count == 0) {
		read_conf(dns, first);
		return;
	}
	conf_of_servers(servers, count, &conf);
	take_conf(dns, &conf);
}

struct dns *dns_new(struct event_base *base, const struct dns_user *user,
                    const struct resolver_address *servers, size_t count)
{
	struct dns *dns = memory_calloc(1, sizeof(*dns));

	dns->base = base;
	dns->user = *user;
	dns->sockets =
	        (struct sockets){ .base = base, .conf = &dns->conf, .ready = on_ready, .arg = dns };
	event_assign(&dns->timeout, base, -1, 0, on_timeout, dns);
	dns_configure(dns, servers, count);
	rebuild(dns);
	if (dns->channel)
		return dns;
	dns_free(dns);
	return NULL;
}

void dns_free(struct dns *dns)
{
	if (!dns)
		return;
	if (dns->channel)
		ares_destroy(dns->channel);
	event_del(&dns->timeout);
	free(dns);
}
