#include "resolve/asker.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/timer.h"
#include "resolve/dns.h"
#include "resolve/rules.h"

/* c-ares blocks the loop for seconds if it is given tens of thousands of queries at once. */
#define IN_FLIGHT_MAX 64
/* The share of queries that failed last time: names without an answer must not delay the others. */
#define IN_FLIGHT_FAILING 32
#define STARTS_A_TURN 64 /* queries started in one iteration of the loop */

#define SHORTAGE_MS 1000 /* pause of new queries after a shortage of this host */

TAILQ_HEAD(question_list, asker_question);

struct asker {
	struct dns *dns;
	struct event_base *base;
	asker_answered *answered;
	struct event pump;             /* starts queries; also fires at the end of a pause */
	struct question_list queue[2]; /* [1]: those that failed last time */
	unsigned slow_in_flight;       /* those that failed last time, without forgotten ones */
	struct question_list stalled;
	size_t stalled_count;
	uint64_t answers; /* answers given by servers, including NXDOMAIN and empty ones */
	bool paused;      /* after a shortage of this host */
	uint32_t random;
	void (*heard)(void *arg); /* may be NULL */
	void *heard_arg;
};

/* xorshift; used only to spread queries. */
static uint32_t next_random(struct asker *asker)
{
	uint32_t x = asker->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return asker->random = x;
}

/* --- the queue -------------------------------------------------------------------------------- */

/* A timer of 0, not event_active(), so that the loop handles its descriptors in between. */
static void pump_soon(struct asker *asker)
{
	if (!asker->paused)
		timer_try(&asker->pump, 0);
}

static void enqueue(struct asker_question *question)
{
	struct asker *asker = question->asker;

	if (question->queued || question->asked)
		return;
	event_del(&question->timer);
	question->queued = true;
	question->slow = question->failed;
	TAILQ_INSERT_TAIL(&asker->queue[question->slow], question, queue_link);
	pump_soon(asker);
}

static void dequeue(struct asker_question *question)
{
	struct asker *asker = question->asker;

	if (question->queued)
		TAILQ_REMOVE(&asker->queue[question->slow], question, queue_link);
	question->queued = false;
}

static struct asker_question *next_question(struct asker *asker)
{
	struct asker_question *question = TAILQ_FIRST(&asker->queue[0]);

	if (dns_in_flight(asker->dns) >= IN_FLIGHT_MAX)
		return NULL;
	if (!question && asker->slow_in_flight < IN_FLIGHT_FAILING)
		question = TAILQ_FIRST(&asker->queue[1]);
	return question;
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	enqueue(arg);
}

/* --- outages ---------------------------------------------------------------------------------- */

static void unstall(struct asker_question *question)
{
	struct asker *asker = question->asker;

	if (!question->stalled)
		return;
	TAILQ_REMOVE(&asker->stalled, question, stall_link);
	asker->stalled_count--;
	question->stalled = false;
}

static void stall(struct asker_question *question)
{
	struct asker *asker = question->asker;

	if (question->stalled)
		return;
	TAILQ_INSERT_TAIL(&asker->stalled, question, stall_link);
	asker->stalled_count++;
	question->stalled = true;
}

/* The servers respond again, or have changed: retries the queries that wait for that. */
static void wake_stalled(struct asker *asker)
{
	struct asker_question *question;

	while ((question = TAILQ_FIRST(&asker->stalled))) {
		unstall(question);
		enqueue(question);
	}
}

/* --- queries ---------------------------------------------------------------------------------- */

static void deliver(struct asker_question *question, const struct dns_answer *answer)
{
	if (answer->outcome != DNS_FAILED)
		unstall(question);
	question->failed = answer->outcome != DNS_GOOD;
	question->asker->answered(question, answer);
	if (question->failed)
		question->answers = question->asker->answers;
}

/*
 * A shortage of this host, or an answer after the servers have changed, is not an outcome: the
 * query is repeated.
 */
static void on_answered(void *arg, const struct dns_answer *answer)
{
	struct asker_question *question = arg;
	struct asker *asker = question->asker;

	question->asked = false;
	question->query = NULL;
	if (question->slow)
		asker->slow_in_flight--;
	if (answer->outcome == DNS_SHORTAGE) {
		asker->paused = true;
		timer_try(&asker->pump, SHORTAGE_MS);
	}
	if (answer->outcome == DNS_AGAIN || answer->outcome == DNS_SHORTAGE) {
		enqueue(question);
		return;
	}
	if (answer->outcome != DNS_FAILED) {
		asker->answers++;
		wake_stalled(asker);
	}
	deliver(question, answer);
}

static void answer_localhost(struct asker_question *question)
{
	struct dns_answer answer = { .count = 1, .ttl = (int)(RESOLVE_TTL_MAX_MS / 1000) };

	address_parse(question->family == AF_INET ? "127.0.0.1" : "::1", &answer.address[0]);
	deliver(question, &answer);
}

static void ask(struct asker_question *question)
{
	struct asker *asker = question->asker;
	struct dns_query *query;

	dequeue(question);
	if (resolve_is_localhost(question->name)) {
		answer_localhost(question);
		return;
	}
	question->asked = true;
	asker->slow_in_flight += question->slow;
	query = dns_ask(asker->dns, question->name, question->family, question);
	if (question->asked)
		question->query = query;
}

static void on_room(void *arg)
{
	struct asker *asker = arg;
	struct asker_question *question;

	for (int i = 0; i < STARTS_A_TURN && !asker->paused; i++) {
		question = next_question(asker);
		if (!question)
			return;
		ask(question);
	}
	if (!asker->paused && next_question(asker))
		pump_soon(asker);
}

static void on_heard(void *arg)
{
	const struct asker *asker = arg;

	if (asker->heard)
		asker->heard(asker->heard_arg);
}

static void on_other_servers(void *arg)
{
	wake_stalled(arg);
	pump_soon(arg);
}

static void on_pump(evutil_socket_t fd, short what, void *arg)
{
	struct asker *asker = arg;

	(void)fd;
	(void)what;
	asker->paused = false;
	dns_turn(asker->dns);
}

/* --- for callers ------------------------------------------------------------------------------ */

void asker_add(struct asker_question *question)
{
	event_assign(&question->timer, question->asker->base, -1, 0, on_due, question);
	enqueue(question);
}

void asker_remove(struct asker_question *question)
{
	event_del(&question->timer);
	dequeue(question);
	unstall(question);
	if (question->asked) {
		question->asker->slow_in_flight -= question->slow;
		dns_forget(question->query);
	}
}

/* Without memory for a timer: at once. The limit on queries in flight bounds this. */
static void set_timer(struct asker_question *question, uint32_t wait_ms)
{
	dequeue(question);
	if (!timer_try(&question->timer, resolve_early_ms(wait_ms, next_random(question->asker))))
		enqueue(question);
}

void asker_ask_in(struct asker_question *question, uint32_t wait_ms)
{
	unstall(question);
	set_timer(question, wait_ms);
}

void asker_stall(struct asker_question *question, bool silent)
{
	stall(question);
	set_timer(question, resolve_outage_ms(question->asker->stalled_count, silent));
}

void asker_ask_now(struct asker_question *question)
{
	enqueue(question);
}

void asker_listen(struct asker *asker, void (*heard)(void *arg), void *arg)
{
	asker->heard = heard;
	asker->heard_arg = arg;
}

bool asker_others_answered(const struct asker_question *question)
{
	return question->answers != question->asker->answers;
}

struct asker *asker_new(struct event_base *base, const struct resolver_address *servers,
                        size_t count, asker_answered *answered)
{
	struct asker *asker = memory_calloc(1, sizeof(*asker));
	struct dns_user user = { on_answered, on_heard, on_room, on_other_servers, asker };

	asker->base = base;
	asker->answered = answered;
	TAILQ_INIT(&asker->queue[0]);
	TAILQ_INIT(&asker->queue[1]);
	TAILQ_INIT(&asker->stalled);
	event_assign(&asker->pump, base, -1, 0, on_pump, asker);
	if (getrandom(&asker->random, sizeof(asker->random), GRND_NONBLOCK) < 0 ||
	    asker->random == 0)
		asker->random = 1; /* a state of 0 would never change */
	asker->dns = dns_new(base, &user, servers, count);
	if (asker->dns)
		return asker;
	asker_free(asker);
	return NULL;
}

void asker_configure(struct asker *asker, const struct resolver_address *servers, size_t count)
{
	dns_configure(asker->dns, servers, count);
}

void asker_free(struct asker *asker)
{
	if (!asker)
		return;
	dns_free(asker->dns);
	event_del(&asker->pump);
	free(asker);
}
