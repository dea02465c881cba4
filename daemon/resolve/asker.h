/*
 * Queries the servers: which question is next, how many queries are in flight, and what is tried
 * while no server answers.
 *
 * A question is waiting for its time, queued, or being queried. Those that failed last time come
 * after the others, and get at most half of the queries in flight. A stalled question is one that
 * failed without any server having answered since: it is queried as soon as one does.
 *
 *   resolve  → asker_add(), asker_ask_in()
 *   asker    → answered()    never called from within a function of this header
 */
#ifndef SHUNT_RESOLVE_ASKER_H
#define SHUNT_RESOLVE_ASKER_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "config/config.h"
#include "resolve/answer.h"

struct asker;
struct dns_query;
struct event_base;

/* One address family of one name. */
struct asker_question {
	struct asker *asker;
	const char *name; /* owned by the caller */
	int family;       /* AF_INET or AF_INET6 */

	/* Private. */
	struct event timer;
	TAILQ_ENTRY(asker_question) queue_link;
	TAILQ_ENTRY(asker_question) stall_link;
	struct dns_query *query; /* while it is being queried */
	bool asked;
	bool queued;
	bool failed;      /* the last answer was a failure */
	bool slow;        /* queued or queried among those that failed last time */
	bool stalled;     /* failed, and no query has been answered since */
	uint64_t answers; /* the asker's count of answers at the last failure */
};

/*
 * An answer of DNS_GOOD, DNS_ABSENT or DNS_FAILED. The callee calls asker_ask_in() or
 * asker_stall().
 */
typedef void asker_answered(struct asker_question *question, const struct dns_answer *answer);

/* As resolve_new(). */
struct asker *asker_new(struct event_base *base, const struct resolver_address *servers,
                        size_t count, asker_answered *answered);
void asker_configure(struct asker *asker, const struct resolver_address *servers, size_t count);
/* All questions must have been removed. NULL is allowed. */
void asker_free(struct asker *asker);

/*
 * The caller has set the fields up to `family`; all others are zeros. Queries for the first time.
 */
void asker_add(struct asker_question *question);
/* The caller may set it to zeros and add it again. */
void asker_remove(struct asker_question *question);

/* The next query, up to a tenth earlier, so that questions do not stay synchronised. */
void asker_ask_in(struct asker_question *question, uint32_t wait_ms);
/* The same while no server answers: soon, and at once when one does. */
void asker_stall(struct asker_question *question, bool silent);

/* The next query now, unless it is under way or queued. */
void asker_ask_now(struct asker_question *question);

/* `heard` and its argument as in resolve_listen(). */
void asker_listen(struct asker *asker, void (*heard)(void *arg), void *arg);

/* Whether servers have answered other queries since this question last failed. */
bool asker_others_answered(const struct asker_question *question);

#endif
