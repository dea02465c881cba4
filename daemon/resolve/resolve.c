#include "resolve/resolve.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "resolve/asker.h"
#include "resolve/outcome.h"

#include "shunt/table.h"

#define NOTICES_A_TURN 256 /* watchers notified in one iteration of the loop */

enum { FAMILY_A, FAMILY_AAAA, FAMILIES };

struct family {
	struct asker_question question; /* first: the family is found by it */
	struct outcome outcome;
	struct name *name;
};

struct name {
	struct resolver *resolver;
	char *text; /* lower case; a final dot prevents lookups below the search domains */
	struct family families[FAMILIES];
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
	struct asker *asker;
	struct event notice; /* notify watchers */
	void *names;         /* tsearch(3) tree of struct name */
	TAILQ_HEAD(, resolve_watch) pending;
};

/* --- what is known of a name ------------------------------------------------------------------ */

static const struct outcome *other_family(const struct family *family)
{
	const struct family *families = family->name->families;

	return &families[family == &families[FAMILY_A] ? FAMILY_AAAA : FAMILY_A].outcome;
}

static const char *name_error(const struct name *name)
{
	const struct outcome *a = &name->families[FAMILY_A].outcome;
	const struct outcome *aaaa = &name->families[FAMILY_AAAA].outcome;
	const char *error = outcome_error(a, aaaa);

	return error ? error : outcome_error(aaaa, a);
}

static bool name_complete(const struct name *name)
{
	return name->families[FAMILY_A].outcome.concluded &&
	       name->families[FAMILY_AAAA].outcome.concluded;
}

static void name_answer(const struct name *name, struct resolve_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	for (int i = 0; i < FAMILIES; i++) {
		const struct outcome *outcome = &name->families[i].outcome;

		for (size_t j = 0; j < outcome->address_count; j++)
			answer->addresses[answer->count++] = outcome->address[j];
		answer->more |= outcome->more;
	}
	answer->complete = name_complete(name);
	answer->error = name_error(name);
}

/* --- notices ---------------------------------------------------------------------------------- */

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

/* --- answers ---------------------------------------------------------------------------------- */

static void on_answered(struct asker_question *question, const struct dns_answer *answer)
{
	struct family *family = (struct family *)question;
	struct name *name = family->name;
	const char *error = name_error(name);
	bool complete = name_complete(name), changed;
	struct resolve_watch *watch;
	struct outcome_next next;

	free(name->known);
	name->known = NULL;
	next = outcome_take(&family->outcome, other_family(family), answer,
	                    asker_others_answered(question), &changed);
	if (next.outage)
		asker_stall(question, answer->silent);
	else
		asker_ask_in(question, next.wait_ms);
	/* Error texts are compared by address: all are constants from one table. */
	if (!changed && complete == name_complete(name) && error == name_error(name))
		return;
	TAILQ_FOREACH (watch, &name->watches, link)
		notify(watch);
}

/* --- names ------------------------------------------------------------------------------------ */

static void family_start(struct family *family, struct name *name, int number)
{
	family->name = name;
	family->question.asker = name->resolver->asker;
	family->question.name = name->text;
	family->question.family = number;
	asker_add(&family->question);
}

static struct name *name_new(struct resolver *resolver, char *text)
{
	struct name *name = memory_calloc(1, sizeof(*name));

	name->resolver = resolver;
	name->text = text;
	TAILQ_INIT(&name->watches);
	family_start(&name->families[FAMILY_A], name, AF_INET);
	family_start(&name->families[FAMILY_AAAA], name, AF_INET6);
	return name;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static void name_free(struct name *name)
{
	tdelete(name, &name->resolver->names, compare_names);
	for (int i = 0; i < FAMILIES; i++) {
		asker_remove(&name->families[i].question);
		outcome_free(&name->families[i].outcome);
	}
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

/* --- for callers ------------------------------------------------------------------------------ */

struct resolve_watch *resolve_watch(struct resolver *resolver, const char *name,
                                    resolve_changed *changed, void *arg)
{
	struct resolve_watch *watch = memory_calloc(1, sizeof(*watch));

	watch->name = find_name(resolver, name);
	watch->changed = changed;
	watch->arg = arg;
	TAILQ_INSERT_TAIL(&watch->name->watches, watch, link);
	for (int i = 0; i < FAMILIES; i++)
		if (watch->name->families[i].outcome.concluded)
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
	asker_configure(resolver->asker, servers, count);
}

struct resolver *resolve_new(struct event_base *base, const struct resolver_address *servers,
                             size_t count)
{
	struct resolver *resolver = memory_calloc(1, sizeof(*resolver));

	TAILQ_INIT(&resolver->pending);
	event_assign(&resolver->notice, base, -1, 0, on_notice, resolver);
	resolver->asker = asker_new(base, servers, count, on_answered);
	if (resolver->asker)
		return resolver;
	resolve_free(resolver);
	return NULL;
}

void resolve_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	asker_free(resolver->asker);
	event_del(&resolver->notice);
	free(resolver);
}
