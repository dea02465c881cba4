#include "roster/target_event.h"

#include <stdio.h>

#include "base/duration.h"
#include "event/event.h"
#include "roster/endpoint.h"

/* A user of the target, directly or through a calculated check; NULL if there is none left. */
static const struct member *first_user(const struct target *target)
{
	const struct target_child *child = LIST_FIRST(&target->parents);

	if (target->users || !child)
		return target->users;
	return first_user(child->parent);
}

static void emit(const struct target *target, struct event_record event)
{
	const struct member *user = first_user(target);
	char text[ADDRESS_TEXT_MAX];

	for (const struct member *next = target->users; next; next = next->next_user)
		event.more += next->endpoint->record != user->endpoint->record;
	event.record = user ? user->endpoint->record_name : NULL;
	event.endpoint = user ? user->endpoint->config->id : NULL;
	event.address = address_format(&target->subject.address, text);
	event_emit(&event);
}

void target_event_health(const struct target *target, enum health_state before)
{
	const char *error = target->health.state == HEALTH_UP ? "" : target->error;
	struct event_record event = { .type = EVENT_HEALTH,
		                      .from = health_word(before),
		                      .to = health_word(target->health.state),
		                      .reason = error };
	char reason[PROBE_DETAIL_MAX + 80];

	if (!target->users && target->subject.check->name) {
		event.type = EVENT_CHECK;
		snprintf(reason, sizeof(reason), "%.64s%s%s", target->subject.check->name,
		         *error ? ": " : "", error);
		event.reason = reason;
	}
	emit(target, event);
}

void target_event_verdict(struct target *target)
{
	if (target->no_verdict.reported)
		emit(target, (struct event_record){ .type = EVENT_UNCERTAIN,
		                                    .reason = "there are verdicts again" });
	target->no_verdict = (struct target_doubt){ 0 };
}

static void report_no_verdict(const struct target *target)
{
	static const char *const sides[SIDES] = {
		[SIDE_UNKNOWN] = "whether this host or the endpoint is at fault is not known",
		[SIDE_HOST] = "the fault is thought to be this host's",
		[SIDE_CHECK] = "the fault is that of the check's command"
	};
	const uint32_t lasted_ms = HEALTH_UNCERTAIN_INTERVALS * target->subject.check->interval;
	char lasted[DURATION_TEXT_MAX], reason[PROBE_DETAIL_MAX + 128];

	snprintf(reason, sizeof(reason), "no verdict for %s: %s; %s",
	         duration_format(lasted_ms, lasted), target->error, sides[target->no_verdict.side]);
	emit(target, (struct event_record){ .type = EVENT_UNCERTAIN, .reason = reason });
}

void target_event_no_verdict(struct target *target, enum health_side side, bool known,
                             uint64_t now_ms)
{
	struct target_doubt *doubt = &target->no_verdict;

	if (!doubt->since_ms) {
		doubt->since_ms = now_ms;
		doubt->since = target->last_probe;
	}
	doubt->side = side;
	doubt->lasts =
	        health_is_uncertain(doubt->since_ms, now_ms, target->subject.check->interval);
	if (!doubt->lasts || doubt->reported || known)
		return;
	doubt->reported = true;
	report_no_verdict(target);
}

bool target_event_is_due(time_t expires, time_t warned, time_t now, uint32_t warning_ms)
{
	return warning_ms && expires > warned && expires - now <= (time_t)(warning_ms / 1000);
}

void target_event_certificate(struct target *target, time_t expires, time_t now)
{
	char words[64];
	struct tm tm;

	target->certificate_expires = expires;
	if (!target_event_is_due(expires, target->certificate_warned, now,
	                         target->subject.check->cert_warning) ||
	    !gmtime_r(&expires, &tm))
		return;
	target->certificate_warned = expires;
	strftime(words, sizeof(words),
	         expires < now ? "certificate expired on %Y-%m-%d"
	                       : "certificate expires on %Y-%m-%d",
	         &tm);
	emit(target, (struct event_record){ .type = EVENT_CERTIFICATE, .reason = words });
}
