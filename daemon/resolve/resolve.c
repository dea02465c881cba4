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
	unsigned wanted; /* number of watches that want it; without any it is not queried */
};

struct name {
	struct resolver *resolver;
	char *text; /* lower case; a final dot prevents lookups below the search domains */
	struct family families[FAMILIES];
	TAILQ_HEAD(, resolve_watch) watches;
	TAILQ_ENTRY(name) place; /* in resolver->rotation */
};

struct resolve_watch {
	struct name *name;
	bool wants[FAMILIES];
	/* Returned by resolve_known(); NULL if not called since the last change. */
	struct resolve_answer *known;
	resolve_changed *changed;
	void *arg;
	bool pending;
	TAILQ_ENTRY(resolve_watch) link;
	TAILQ_ENTRY(resolve_watch) pending_link;
};

struct resolver {
	struct asker *asker;
	struct event notice;         /* notify watchers */
	void *names;                 /* tsearch(3) tree of struct name */
	TAILQ_HEAD(, name) rotation; /* all names; the next one for resolve_witness() comes first */
	TAILQ_HEAD(, resolve_watch) pending;
};

/* --- what is known of a name ------------------------------------------------------------------ */

static const struct outcome *other_family(const struct family *family)
{
	const struct family *families = family->name->families;

	return &families[family == &families[FAMILY_A] ? FAMILY_AAAA : FAMILY_A].outcome;
}

static const struct outcome *wanted_outcome(const struct resolve_watch *watch, int family)
{
	return watch->wants[family] ? &watch->name->families[family].outcome : NULL;
}

static const char *watch_error(const struct resolve_watch *watch)
{
	const struct outcome *a = wanted_outcome(watch, FAMILY_A);
	const struct outcome *aaaa = wanted_outcome(watch, FAMILY_AAAA);
	const char *error = a ? outcome_error(a, aaaa) : NULL;

	return error || !aaaa ? error : outcome_error(aaaa, a);
}

static void watch_answer(const struct resolve_watch *watch, struct resolve_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->complete = true;
	for (int i = 0; i < FAMILIES; i++) {
		const struct outcome *outcome = wanted_outcome(watch, i);

		if (!outcome)
			continue;
		for (size_t j = 0; j < outcome->address_count; j++)
			answer->addresses[answer->count++] = outcome->address[j];
		answer->more |= outcome->more;
		answer->complete &= outcome->concluded;
	}
	answer->error = watch_error(watch);
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
		watch_answer(watch, &answer);
		watch->changed(watch->arg, &answer);
	}
	if (!TAILQ_EMPTY(&resolver->pending))
		timer_try(&resolver->notice, 0);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void notify_watches(const struct family *family)
{
	const struct name *name = family->name;
	struct resolve_watch *watch;

	TAILQ_FOREACH (watch, &name->watches, link) {
		if (!watch->wants[family - name->families])
			continue;
		free(watch->known);
		watch->known = NULL;
		notify(watch);
	}
}

static void on_answered(struct asker_question *question, const struct dns_answer *answer)
{
	struct family *family = (struct family *)question;
	struct outcome *outcome = &family->outcome;
	const char *error = outcome->error;
	bool first = !outcome->concluded, changed;
	struct outcome_next next = outcome_take(outcome, other_family(family), answer,
	                                        asker_others_answered(question), &changed);

	if (next.outage)
		asker_stall(question, answer->silent);
	else
		asker_ask_in(question, next.wait_ms);
	/* Error texts are compared by address: all are constants from one table. */
	if (changed || first || error != outcome->error)
		notify_watches(family);
}

/* --- names ------------------------------------------------------------------------------------ */

static void family_want(struct family *family, struct name *name, int number)
{
	if (family->wanted++ > 0)
		return;
	family->name = name;
	family->question = (struct asker_question){ .asker = name->resolver->asker,
		                                    .name = name->text,
		                                    .family = number };
	asker_add(&family->question);
}

static void family_unwant(struct family *family)
{
	if (--family->wanted > 0)
		return;
	asker_remove(&family->question);
	outcome_clear(&family->outcome);
}

static struct name *name_new(struct resolver *resolver, char *text)
{
	struct name *name = memory_calloc(1, sizeof(*name));

	name->resolver = resolver;
	name->text = text;
	TAILQ_INIT(&name->watches);
	TAILQ_INSERT_TAIL(&resolver->rotation, name, place);
	return name;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static void name_free(struct name *name)
{
	tdelete(name, &name->resolver->names, compare_names);
	TAILQ_REMOVE(&name->resolver->rotation, name, place);
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
                                    enum endpoint_family family, resolve_changed *changed,
                                    void *arg)
{
	static const int numbers[] = { [FAMILY_A] = AF_INET, [FAMILY_AAAA] = AF_INET6 };
	struct resolve_watch *watch = memory_calloc(1, sizeof(*watch));

	watch->name = find_name(resolver, name);
	watch->wants[FAMILY_A] = family != FAMILY_IPV6;
	watch->wants[FAMILY_AAAA] = family != FAMILY_IPV4;
	watch->changed = changed;
	watch->arg = arg;
	TAILQ_INSERT_TAIL(&watch->name->watches, watch, link);
	for (int i = 0; i < FAMILIES; i++) {
		if (!watch->wants[i])
			continue;
		family_want(&watch->name->families[i], watch->name, numbers[i]);
		if (watch->name->families[i].outcome.concluded)
			notify(watch);
	}
	return watch;
}

const struct resolve_answer *resolve_known(struct resolve_watch *watch)
{
	if (!watch->known) {
		watch->known = memory_calloc(1, sizeof(*watch->known));
		watch_answer(watch, watch->known);
	}
	return watch->known;
}

void resolve_unwatch(struct resolve_watch *watch)
{
	struct name *name = watch->name;

	TAILQ_REMOVE(&name->watches, watch, link);
	if (watch->pending)
		TAILQ_REMOVE(&name->resolver->pending, watch, pending_link);
	for (int i = 0; i < FAMILIES; i++) {
		if (watch->wants[i])
			family_unwant(&name->families[i]);
	}
	free(watch->known);
	free(watch);
	if (TAILQ_EMPTY(&name->watches))
		name_free(name);
}

void resolve_listen(struct resolver *resolver, void (*heard)(void *arg), void *arg)
{
	asker_listen(resolver->asker, heard, arg);
}

void resolve_witness(struct resolver *resolver)
{
	struct name *name = TAILQ_FIRST(&resolver->rotation);

	if (!name)
		return;
	TAILQ_REMOVE(&resolver->rotation, name, place);
	TAILQ_INSERT_TAIL(&resolver->rotation, name, place);
	asker_ask_now(
	        &name->families[name->families[FAMILY_A].wanted ? FAMILY_A : FAMILY_AAAA].question);
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

	TAILQ_INIT(&resolver->rotation);
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
