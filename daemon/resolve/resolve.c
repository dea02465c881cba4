#include "resolve/resolve.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "resolve/dns.h"
#include "resolve/rules.h"

#include "shunt/table.h"

/* c-ares blocks the loop for seconds if it is given tens of thousands of queries at once. */
#define IN_FLIGHT_MAX 64
/* The share of queries that failed last time: names without an answer must not delay the others. */
#define IN_FLIGHT_FAILING 32
#define STARTS_A_TURN 64   /* queries started in one iteration of the loop */
#define NOTICES_A_TURN 256 /* watchers notified in one iteration */

#define SHORTAGE_MS 1000 /* pause of new queries after a shortage of this host */

enum { FAMILY_A, FAMILY_AAAA, FAMILIES };

/* One address family of one name. It is waiting for its timer, queued, or being queried. */
struct question {
	struct name *name;
	int family; /* AF_ */
	struct event timer;
	TAILQ_ENTRY(question) queue_link;
	TAILQ_ENTRY(question) stall_link;
	struct dns_query *query; /* while it is being queried */
	bool asked;
	bool queued;
	bool slow;               /* queued or queried among those that failed last time */
	bool stalled;            /* failed, and no query has been answered since */
	bool concluded;          /* had at least one outcome */
	bool failing;            /* the last outcome was a failure */
	bool absent;             /* …because a server reported that there are no addresses */
	bool more;               /* more addresses than fit */
	unsigned failures;       /* since the last success, not counting outages of the servers */
	uint64_t answers;        /* the resolver's count of answers at the last failure */
	const char *error;       /* while it is failing */
	struct address *address; /* from the last success */
	size_t address_count;
};

TAILQ_HEAD(question_list, question);

struct name {
	struct resolver *resolver;
	char *text; /* lower case; a final dot prevents lookups below the search domains */
	struct question questions[FAMILIES];
	/* Returned by resolve_known(); NULL if not called since the last change. */
	struct resolve_answer *known;
	TAILQ_HEAD(, resolve_watch) watches;
};

struct resolve_watch {
	struct name *name;
	resolve_changed *changed;
	void *arg;
	bool pending;
	TAILQ_ENTRY(resolve_watch) link;
	TAILQ_ENTRY(resolve_watch) pending_link;
};

struct resolver {
	struct event_base *base;
	struct dns *dns;
	struct event pump;             /* starts queries; also fires at the end of a pause */
	struct event notice;           /* notify watchers */
	void *names;                   /* tsearch(3) tree of struct name */
	struct question_list queue[2]; /* [1]: those that failed last time */
	unsigned slow_in_flight;       /* those that failed last time, without forgotten ones */
	struct question_list stalled;
	size_t stalled_count;
	uint64_t answers; /* answers given by servers, including NXDOMAIN and empty ones */
	bool paused;      /* after a shortage of this host */
	uint32_t random;
	TAILQ_HEAD(, resolve_watch) pending;
};

/* xorshift; used only to spread queries. */
static uint32_t next_random(struct resolver *resolver)
{
	uint32_t x = resolver->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return resolver->random = x;
}

/* --- waiting queries -------------------------------------------------------------------------- */

static void enqueue(struct question *question)
{
	struct resolver *resolver = question->name->resolver;

	if (question->queued || question->asked)
		return;
	event_del(&question->timer);
	question->queued = true;
	question->slow = question->failing;
	TAILQ_INSERT_TAIL(&resolver->queue[question->slow], question, queue_link);
	/* A timer of 0, not event_active(), so that the loop handles its descriptors in between. */
	if (!resolver->paused)
		timer_try(&resolver->pump, 0);
}

static void dequeue(struct question *question)
{
	struct resolver *resolver = question->name->resolver;

	if (question->queued)
		TAILQ_REMOVE(&resolver->queue[question->slow], question, queue_link);
	question->queued = false;
}

static struct question *next_question(struct resolver *resolver)
{
	struct question *question = TAILQ_FIRST(&resolver->queue[0]);

	if (dns_in_flight(resolver->dns) >= IN_FLIGHT_MAX)
		return NULL;
	if (!question && resolver->slow_in_flight < IN_FLIGHT_FAILING)
		question = TAILQ_FIRST(&resolver->queue[1]);
	return question;
}

static void on_question_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	enqueue(arg);
}

static void unstall(struct question *question)
{
	struct resolver *resolver = question->name->resolver;

	if (!question->stalled)
		return;
	TAILQ_REMOVE(&resolver->stalled, question, stall_link);
	resolver->stalled_count--;
	question->stalled = false;
}

static void stall(struct question *question)
{
	struct resolver *resolver = question->name->resolver;

	if (question->stalled)
		return;
	TAILQ_INSERT_TAIL(&resolver->stalled, question, stall_link);
	resolver->stalled_count++;
	question->stalled = true;
}

/* The servers respond again, or have changed: retries the queries that wait for that. */
static void wake_stalled(struct resolver *resolver)
{
	struct question *question;

	while ((question = TAILQ_FIRST(&resolver->stalled))) {
		unstall(question);
		enqueue(question);
	}
}

/* --- the state of a name ---------------------------------------------------------------------- */

/*
 * It is not an error that a name has no addresses of one family while it has, or may still get,
 * some of the other.
 */
static const char *question_error(const struct question *question, const struct question *other)
{
	bool harmless = question->absent && question->address_count == 0 &&
	                (other->address_count > 0 || !other->concluded);

	return question->failing && !harmless ? question->error : NULL;
}

static const char *name_error(const struct name *name)
{
	const struct question *a = &name->questions[FAMILY_A];
	const struct question *aaaa = &name->questions[FAMILY_AAAA];
	const char *error = question_error(a, aaaa);

	return error ? error : question_error(aaaa, a);
}

static bool name_complete(const struct name *name)
{
	return name->questions[FAMILY_A].concluded && name->questions[FAMILY_AAAA].concluded;
}

static void name_answer(const struct name *name, struct resolve_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	for (int i = 0; i < FAMILIES; i++) {
		const struct question *question = &name->questions[i];

		for (size_t j = 0; j < question->address_count; j++)
			answer->addresses[answer->count++] = question->address[j];
		answer->more |= question->more;
	}
	answer->complete = name_complete(name);
	answer->error = name_error(name);
}

static void notify(struct resolve_watch *watch)
{
	struct resolver *resolver = watch->name->resolver;

	if (watch->pending)
		return;
	watch->pending = true;
	TAILQ_INSERT_TAIL(&resolver->pending, watch, pending_link);
	timer_try(&resolver->notice, 0);
}

static void on_notice(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *resolver = arg;
	struct resolve_watch *watch;
	struct resolve_answer answer;

	(void)fd;
	(void)what;
	for (int i = 0; i < NOTICES_A_TURN; i++) {
		watch = TAILQ_FIRST(&resolver->pending);
		if (!watch)
			return;
		TAILQ_REMOVE(&resolver->pending, watch, pending_link);
		watch->pending = false;
		name_answer(watch->name, &answer);
		watch->changed(watch->arg, &answer);
	}
	if (!TAILQ_EMPTY(&resolver->pending))
		timer_try(&resolver->notice, 0);
}

/* --- outcomes --------------------------------------------------------------------------------- */

static bool same_addresses(const struct question *question, const struct dns_answer *answer)
{
	if (question->address_count != answer->count)
		return false;
	for (size_t i = 0; i < answer->count; i++)
		if (address_compare(&question->address[i], &answer->address[i]) != 0)
			return false;
	return true;
}

static void keep(struct question *question, const struct dns_answer *answer)
{
	free(question->address);
	question->address = memory_calloc(answer->count, sizeof(*answer->address));
	memcpy(question->address, answer->address, answer->count * sizeof(*answer->address));
	question->address_count = answer->count;
}

/* Returns the time until the next attempt. */
static uint32_t note_failure(struct question *question, const struct dns_answer *answer)
{
	struct resolver *resolver = question->name->resolver;
	const struct question *other = &question->name->questions[FAMILY_A];
	bool others_answered = question->failing && question->answers != resolver->answers;
	uint32_t limit = RESOLVE_RETRY_MAX_MS;

	if (question == other)
		other = &question->name->questions[FAMILY_AAAA];
	question->failing = true;
	question->absent = answer->outcome == DNS_ABSENT;
	question->error = answer->error;
	question->answers = resolver->answers;
	if (question->address_count == 0 && other->address_count > 0) {
		limit = RESOLVE_EMPTY_MS;
		if (question->absent)
			return limit;
	}
	if (answer->outcome == DNS_FAILED && !others_answered) {
		stall(question);
		return resolve_outage_ms(resolver->stalled_count, answer->silent);
	}
	unstall(question);
	return resolve_backoff_ms(question->failures++, limit);
}

static uint32_t note_success(struct question *question, const struct dns_answer *answer,
                             bool *changed)
{
	unstall(question);
	question->failing = false;
	question->absent = false;
	question->error = NULL;
	question->failures = 0;
	question->more = answer->more;
	*changed = !same_addresses(question, answer);
	if (*changed)
		keep(question, answer);
	return resolve_ttl_ms(answer->ttl);
}

static void conclude(struct question *question, const struct dns_answer *answer)
{
	struct name *name = question->name;
	struct resolver *resolver = name->resolver;
	const char *error = name_error(name);
	bool complete = name_complete(name);
	bool changed = false;
	struct resolve_watch *watch;
	uint32_t wait;

	question->concluded = true;
	free(name->known);
	name->known = NULL;
	if (answer->outcome == DNS_GOOD)
		wait = note_success(question, answer, &changed);
	else
		wait = note_failure(question, answer);
	/* Without memory for a timer: at once. The limit on queries in flight bounds this. */
	dequeue(question);
	if (!timer_try(&question->timer, resolve_early_ms(wait, next_random(resolver))))
		enqueue(question);
	/* Error texts are compared by address: all are constants from one table. */
	if (!changed && complete == name_complete(name) && error == name_error(name))
		return;
	TAILQ_FOREACH (watch, &name->watches, link)
		notify(watch);
}

/* RFC 6761 (6.3): these names are never queried. */
static bool is_localhost(const char *name)
{
	static const char word[] = "localhost";
	size_t length = strlen(name), size = sizeof(word) - 1;

	length -= length > 0 && name[length - 1] == '.';
	if (length < size || memcmp(name + length - size, word, size) != 0)
		return false;
	return length == size || name[length - size - 1] == '.';
}

static void conclude_localhost(struct question *question)
{
	struct dns_answer answer = { .count = 1, .ttl = (int)(RESOLVE_TTL_MAX_MS / 1000) };

	address_parse(question->family == AF_INET ? "127.0.0.1" : "::1", &answer.address[0]);
	conclude(question, &answer);
}

/* --- queries ---------------------------------------------------------------------------------- */

/*
 * A shortage of this host, or an answer after the servers have changed, is not an outcome: the
 * query is repeated.
 */
static void on_answered(void *arg, const struct dns_answer *answer)
{
	struct question *question = arg;
	struct resolver *resolver = question->name->resolver;

	question->asked = false;
	question->query = NULL;
	if (question->slow)
		resolver->slow_in_flight--;
	if (answer->outcome == DNS_SHORTAGE) {
		resolver->paused = true;
		timer_try(&resolver->pump, SHORTAGE_MS);
	}
	if (answer->outcome == DNS_AGAIN || answer->outcome == DNS_SHORTAGE) {
		enqueue(question);
		return;
	}
	if (answer->outcome != DNS_FAILED) {
		resolver->answers++;
		wake_stalled(resolver);
	}
	conclude(question, answer);
}

static void ask(struct question *question)
{
	struct resolver *resolver = question->name->resolver;
	struct dns_query *query;

	dequeue(question);
	if (is_localhost(question->name->text)) {
		conclude_localhost(question);
		return;
	}
	question->asked = true;
	resolver->slow_in_flight += question->slow;
	query = dns_ask(resolver->dns, question->name->text, question->family, question);
	if (question->asked)
		question->query = query;
}

static void on_room(void *arg)
{
	struct resolver *resolver = arg;
	struct question *question;

	for (int i = 0; i < STARTS_A_TURN && !resolver->paused; i++) {
		question = next_question(resolver);
		if (!question)
			return;
		ask(question);
	}
	if (!resolver->paused && next_question(resolver))
		timer_try(&resolver->pump, 0);
}

static void on_other_servers(void *arg)
{
	struct resolver *resolver = arg;

	wake_stalled(resolver);
	if (!resolver->paused)
		timer_try(&resolver->pump, 0);
}

static void on_pump(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *resolver = arg;

	(void)fd;
	(void)what;
	resolver->paused = false;
	dns_turn(resolver->dns);
}

/* --- interface -------------------------------------------------------------------------------- */

static void init_question(struct question *question, struct name *name, int family)
{
	question->name = name;
	question->family = family;
	event_assign(&question->timer, name->resolver->base, -1, 0, on_question_due, question);
}

static struct name *name_new(struct resolver *resolver, char *text)
{
	struct name *name = memory_calloc(1, sizeof(*name));

	name->resolver = resolver;
	name->text = text;
	TAILQ_INIT(&name->watches);
	init_question(&name->questions[FAMILY_A], name, AF_INET);
	init_question(&name->questions[FAMILY_AAAA], name, AF_INET6);
	for (int i = 0; i < FAMILIES; i++)
		enqueue(&name->questions[i]);
	return name;
}

static void question_end(struct question *question)
{
	event_del(&question->timer);
	dequeue(question);
	unstall(question);
	if (question->asked) {
		question->name->resolver->slow_in_flight -= question->slow;
		dns_forget(question->query);
	}
	free(question->address);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static void name_free(struct name *name)
{
	tdelete(name, &name->resolver->names, compare_names);
	for (int i = 0; i < FAMILIES; i++)
		question_end(&name->questions[i]);
	free(name->known);
	free(name->text);
	free(name);
}

static char *canonical_text(const char *text)
{
	char *copy = memory_strdup(text);

	for (char *c = copy; *c; c++)
		*c = (char)shunt_lower((unsigned char)*c);
	return copy;
}

static struct name *find_name(struct resolver *resolver, const char *text)
{
	struct name key = { .text = canonical_text(text) };
	struct name **found = tfind(&key, &resolver->names, compare_names);
	struct name *name;

	if (found) {
		free(key.text);
		return *found;
	}
	name = name_new(resolver, key.text);
	if (!tsearch(name, &resolver->names, compare_names))
		log_fatal("out of memory");
	return name;
}

struct resolve_watch *resolve_watch(struct resolver *resolver, const char *name,
                                    resolve_changed *changed, void *arg)
{
	struct resolve_watch *watch = memory_calloc(1, sizeof(*watch));

	watch->name = find_name(resolver, name);
	watch->changed = changed;
	watch->arg = arg;
	TAILQ_INSERT_TAIL(&watch->name->watches, watch, link);
	for (int i = 0; i < FAMILIES; i++)
		if (watch->name->questions[i].concluded)
			notify(watch);
	return watch;
}

const struct resolve_answer *resolve_known(const struct resolve_watch *watch)
{
	struct name *name = watch->name;

	if (!name->known) {
		name->known = memory_calloc(1, sizeof(*name->known));
		name_answer(name, name->known);
	}
	return name->known;
}

void resolve_unwatch(struct resolve_watch *watch)
{
	struct name *name = watch->name;

	TAILQ_REMOVE(&name->watches, watch, link);
	if (watch->pending)
		TAILQ_REMOVE(&name->resolver->pending, watch, pending_link);
	free(watch);
	if (TAILQ_EMPTY(&name->watches))
		name_free(name);
}

void resolve_configure(struct resolver *resolver, const struct resolver_address *servers,
                       size_t count)
{
	dns_configure(resolver->dns, servers, count);
}

struct resolver *resolve_new(struct event_base *base, const struct resolver_address *servers,
                             size_t count)
{
	struct resolver *resolver = memory_calloc(1, sizeof(*resolver));
	struct dns_user user = { on_answered, on_room, on_other_servers, resolver };

	resolver->base = base;
	TAILQ_INIT(&resolver->queue[0]);
	TAILQ_INIT(&resolver->queue[1]);
	TAILQ_INIT(&resolver->stalled);
	TAILQ_INIT(&resolver->pending);
	event_assign(&resolver->pump, base, -1, 0, on_pump, resolver);
	event_assign(&resolver->notice, base, -1, 0, on_notice, resolver);
	if (getrandom(&resolver->random, sizeof(resolver->random), GRND_NONBLOCK) < 0 ||
	    resolver->random == 0)
		resolver->random = 1; /* a state of 0 would never change */
	resolver->dns = dns_new(base, &user, servers, count);
	if (resolver->dns)
		return resolver;
	resolve_free(resolver);
	return NULL;
}

void resolve_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	dns_free(resolver->dns);
	event_del(&resolver->pump);
	event_del(&resolver->notice);
	free(resolver);
}
