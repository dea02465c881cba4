#include "roster/host_fault.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "event/event.h"

#define WITNESSES 16u     /* witnesses probed at a time */
#define ASK_AGAIN_MS 250u /* interval between probes of witnesses while failures are held */
#define ASK_ISOLATED_MS 1000u
/* Minimum interval between probes of witnesses triggered by new silences. */
#define ASK_AT_MOST_US 100000u

struct host_fault {
	struct isolation isolation;
	struct event *again; /* armed while failures are held, or while this host is isolated */
	uint64_t asked_us;
	struct host_fault_user user;
};

static struct host_site *site_of(struct isolation_site *site)
{
	return (struct host_site *)((char *)site - offsetof(struct host_site, isolation));
}

static bool wants_witnesses(const struct isolation *isolation)
{
	return isolation->isolated || !TAILQ_EMPTY(&isolation->held);
}

/* Probes that are already under way, possibly of silent sites, are not disturbed. */
static void ask(struct host_fault *fault)
{
	struct isolation *isolation = &fault->isolation;
	const uint32_t ms = isolation->isolated ? ASK_ISOLATED_MS : ASK_AGAIN_MS;

	fault->asked_us = clock_us();
	for (size_t i = 0; i < WITNESSES && i < isolation->count; i++)
		fault->user.probe(fault->user.arg, site_of(isolation_witness(isolation)));
	if (fault->user.ask)
		fault->user.ask(fault->user.arg);
	timer_arm(fault->again, ms);
}

/*
 * The beginning of a silence triggers its own probes of witnesses, unless some were started just
 * before.
 */
static bool should_ask(const struct host_fault *fault, bool begins, uint64_t now_us)
{
	if (!wants_witnesses(&fault->isolation))
		return false;
	return (begins && now_us - fault->asked_us > ASK_AT_MOST_US) ||
	       !event_pending(fault->again, EV_TIMEOUT, NULL);
}

static void ask_again(evutil_socket_t fd, short what, void *arg)
{
	struct host_fault *fault = arg;

	(void)fd;
	(void)what;
	if (wants_witnesses(&fault->isolation))
		ask(fault);
}

struct host_fault *host_fault_new(struct event_base *base, const struct host_fault_user *user)
{
	struct host_fault *fault = memory_calloc(1, sizeof(*fault));

	*fault = (struct host_fault){ .user = *user };
	isolation_init(&fault->isolation);
	fault->again = evtimer_new(base, ask_again, fault);
	if (!fault->again)
		log_fatal("out of memory");
	return fault;
}

void host_fault_free(struct host_fault *fault)
{
	event_free(fault->again);
	free(fault);
}

void host_fault_add(struct host_fault *fault, struct host_site *site, const struct address *address)
{
	isolation_add(&fault->isolation, &site->isolation, address);
}

void host_fault_remove(struct host_fault *fault, struct host_site *site)
{
	isolation_remove(&fault->isolation, &site->isolation);
}

bool host_fault_knows(const struct host_site *site)
{
	return site->isolation.listed;
}

bool host_fault_is_gone(const struct host_site *site)
{
	return site->isolation.gone;
}

void host_fault_enable(struct host_fault *fault, bool enabled)
{
	fault->isolation.off = !enabled;
}

bool host_fault_is_isolated(const struct host_fault *fault)
{
	return fault->isolation.isolated;
}

static void report_isolated(const struct isolation *isolation)
{
	char reason[160];

	snprintf(
	        reason, sizeof(reason),
	        "nothing beyond this host answers any of %zu checks; names whose endpoints are all "
	        "lost keep their answers",
	        isolation->count);
	event_emit(&(struct event_record){ .type = EVENT_ISOLATED, .reason = reason });
}

/* `address` is NULL if nothing was heard. */
static void report_rejoined(const char *reason, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	event_emit(
	        &(struct event_record){ .type = EVENT_REJOINED,
	                                .address = address ? address_format(address, text) : NULL,
	                                .reason = reason });
}

static void count_due(struct host_fault *fault)
{
	struct isolation_site *site;
	unsigned failures;

	while ((site = isolation_due(&fault->isolation, &failures)))
		fault->user.counts(fault->user.arg, site_of(site), failures);
}

static void hear(struct host_fault *fault, const struct host_attempt *attempt)
{
	const struct probe_result *result = attempt->result;

	if (isolation_heard(&fault->isolation, result->proven_us))
		report_rejoined(result->why == WHY_NO_ROUTE
		                        ? "is reported to be unreachable; failures count again"
		                        : "answers; failures count again",
		                attempt->address);
}

static enum verdict judge_silence(struct host_fault *fault, struct host_site *site,
                                  const struct host_attempt *attempt)
{
	struct isolation *isolation = &fault->isolation;
	bool was_isolated = isolation->isolated;
	uint64_t now_us = clock_us();
	enum isolation_verdict judged =
	        isolation_silent(isolation, &site->isolation, attempt->needed,
	                         now_us - attempt->result->elapsed_us, now_us);

	if (judged == ISOLATION_COUNTS)
		return attempt->result->verdict;
	if (isolation->isolated && !was_isolated)
		report_isolated(isolation);
	if (should_ask(fault, site->isolation.held == 1, now_us))
		ask(fault);
	return VERDICT_NONE;
}

/*
 * An address of a kind that this host does not have, or one of this host's own, says nothing about
 * the network beyond this host.
 */
static void place_site(struct host_fault *fault, struct host_site *site,
                       const struct host_attempt *attempt)
{
	if (attempt->result->path != PATH_UNKNOWN && attempt->remote)
		host_fault_add(fault, site, attempt->address);
	else if (attempt->result->verdict != VERDICT_NONE)
		host_fault_remove(fault, site);
}

enum verdict host_fault_judge(struct host_fault *fault, struct host_site *site,
                              const struct host_attempt *attempt)
{
	const struct probe_result *result = attempt->result;
	enum verdict verdict = result->verdict;

	place_site(fault, site, attempt);
	if (site->isolation.listed) {
		if (result->proven_us)
			hear(fault, attempt);
		if (result->path == PATH_PROVEN)
			isolation_answered(&fault->isolation, &site->isolation);
		else if (result->path == PATH_SILENT)
			verdict = judge_silence(fault, site, attempt);
	}
	host_fault_recount(fault);
	return verdict;
}

void host_fault_hear(struct host_fault *fault, const char *what)
{
	if (isolation_heard(&fault->isolation, clock_us()))
		report_rejoined(what, NULL);
	count_due(fault);
}

void host_fault_recount(struct host_fault *fault)
{
	if (isolation_recount(&fault->isolation, clock_us()))
		report_rejoined(
		        fault->isolation.off
		                ? "isolation is off; failures count again"
		                : "too few addresses are left to tell; failures count again",
		        NULL);
	count_due(fault);
}
