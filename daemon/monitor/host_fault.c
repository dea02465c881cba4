#include "monitor/host_fault.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/timer.h"
#include "event/event.h"

#define WITNESSES 16u     /* probed at a time */
#define ASK_AGAIN_MS 250u /* while failures are held */
#define ASK_ISOLATED_MS 1000u
#define ASK_AT_MOST_US 100000u /* between two askings for new silences */

struct silence {
	struct targets *targets;
	struct event *again; /* armed while failures are held, or this host is isolated */
	uint64_t asked_us;
	silence_counts *counts;
	void *arg;
};

static struct isolation *isolation_of(const struct silence *silence)
{
	return &silence->targets->isolation;
}

static bool wants_witnesses(const struct isolation *isolation)
{
	return isolation->isolated || !TAILQ_EMPTY(&isolation->held);
}

/* Those that are under way already, silent ones perhaps, are not disturbed. */
static void ask(struct silence *silence)
{
	struct isolation *isolation = isolation_of(silence);
	const uint32_t ms = isolation->isolated ? ASK_ISOLATED_MS : ASK_AGAIN_MS;

	silence->asked_us = clock_us();
	for (size_t i = 0; i < WITNESSES && i < isolation->count; i++)
		probe_now(target_of_site(isolation_witness(isolation))->probe);
	timer_arm(silence->again, ms);
}

/* A silence that begins is worth an asking of its own, if there was not one just now. */
static bool should_ask(const struct silence *silence, bool begins, uint64_t now_us)
{
	if (!wants_witnesses(isolation_of(silence)))
		return false;
	return (begins && now_us - silence->asked_us > ASK_AT_MOST_US) ||
	       !event_pending(silence->again, EV_TIMEOUT, NULL);
}

static void ask_again(evutil_socket_t fd, short what, void *arg)
{
	struct silence *silence = arg;

	(void)fd;
	(void)what;
	if (wants_witnesses(isolation_of(silence)))
		ask(silence);
}

struct silence *silence_new(struct event_base *base, struct targets *targets,
                            silence_counts *counts, void *arg)
{
	struct silence *silence = xcalloc(1, sizeof(*silence));

	*silence = (struct silence){ .targets = targets, .counts = counts, .arg = arg };
	silence->again = evtimer_new(base, ask_again, silence);
	if (!silence->again)
		fatal("out of memory");
	return silence;
}

void silence_free(struct silence *silence)
{
	event_free(silence->again);
	free(silence);
}

static void report_isolated(const struct isolation *isolation)
{
	char reason[128];

	snprintf(reason, sizeof(reason),
	         "nothing beyond this host answers any of %zu checks; the answers hold",
	         isolation->count);
	event_emit(&(struct event_record){ .type = EVENT_ISOLATED, .reason = reason });
}

static void report_rejoined(const char *reason, const struct target *target)
{
	char text[ADDRESS_TEXT_MAX];

	event_emit(&(struct event_record){
	        .type = EVENT_REJOINED,
	        .address = target ? address_format(&target->address, text) : NULL,
	        .reason = reason });
}

static void count_due(struct silence *silence)
{
	struct isolation_site *site;
	unsigned failures;

	while ((site = isolation_due(isolation_of(silence), &failures)))
		silence->counts(silence->arg, target_of_site(site), failures);
}

static void hear(struct silence *silence, const struct target *target, uint64_t when_us)
{
	if (isolation_heard(isolation_of(silence), when_us))
		report_rejoined("answers; failures count again", target);
}

/* How many failures in a row change its state, or confirm it. */
static unsigned needed(const struct target *target)
{
	const struct check *check = target->check;
	enum health_state says = check->invert ? HEALTH_UP : HEALTH_DOWN;

	if (target->health.state == HEALTH_UNKNOWN || target->health.state == says)
		return 1;
	return check->invert ? check->rules.rise : check->rules.fall;
}

static enum verdict judge_silence(struct silence *silence, struct target *target,
                                  const struct probe_result *result)
{
	struct isolation *isolation = isolation_of(silence);
	bool was_isolated = isolation->isolated;
	uint64_t now_us = clock_us();
	enum isolation_verdict judged = isolation_silent(isolation, &target->site, needed(target),
	                                                 now_us - result->elapsed_us, now_us);

	if (judged == ISOLATION_COUNTS)
		return result->verdict;
	if (isolation->isolated && !was_isolated)
		report_isolated(isolation);
	if (should_ask(silence, target->site.held == 1, now_us))
		ask(silence);
	return VERDICT_NONE;
}

/* A kind of address that this host does not have, or one of its own: neither says anything of the network beyond. */
static void place_site(struct isolation *isolation, struct target *target,
                       const struct probe_result *result)
{
	if (result->path != PATH_UNKNOWN && target_is_remote(target))
		isolation_add(isolation, &target->site, &target->address);
	else if (result->verdict != VERDICT_NONE)
		isolation_remove(isolation, &target->site);
}

enum verdict silence_judge(struct silence *silence, struct target *target,
                           const struct probe_result *result)
{
	struct isolation *isolation = isolation_of(silence);
	enum verdict verdict = result->verdict;

	place_site(isolation, target, result);
	if (target->site.listed) {
		if (result->proven_us)
			hear(silence, target, result->proven_us);
		if (result->path == PATH_PROVEN)
			isolation_answered(isolation, &target->site);
		else if (result->path == PATH_SILENT)
			verdict = judge_silence(silence, target, result);
	}
	silence_recount(silence);
	return verdict;
}

void silence_recount(struct silence *silence)
{
	if (isolation_recount(isolation_of(silence), clock_us()))
		report_rejoined("too few addresses are left to tell; failures count again", NULL);
	count_due(silence);
}
