#include "monitor/target_event.h"

#include <stdio.h>

#include "base/duration.h"
#include "event/event.h"
#include "monitor/endpoint.h"

/* Who has the target, be it as a check of a calculated one; NULL: nobody any more. */
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
	event.address = address_format(&target->address, text);
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

	if (!target->users && target->check->name) {
		event.type = EVENT_CHECK;
		snprintf(reason, sizeof(reason), "%.64s%s%s", target->check->name,
		         *error ? ": " : "", error);
		event.reason = reason;
	}
	emit(target, event);
}

static void become_certain(struct target *target)
{
	if (target->uncertain)
		emit(target, (struct event_record){ .type = EVENT_UNCERTAIN,
		                                    .reason = "there are verdicts again" });
	target->uncertain = false;
	target->uncertain_ms = 0;
}

void target_event_certainty(struct target *target, bool own_fault, uint64_t now_ms)
{
	const uint32_t interval_ms = target->check->interval;
	char lasted[DURATION_TEXT_MAX], reason[PROBE_DETAIL_MAX + 64];

	if (!own_fault) {
		become_certain(target);
		return;
	}
	if (!target->uncertain_ms) {
		target->uncertain_ms = now_ms;
		target->uncertain_since = target->last_probe;
	}
	if (target->uncertain || !health_is_uncertain(target->uncertain_ms, now_ms, interval_ms))
		return;
	target->uncertain = true;
	snprintf(reason, sizeof(reason), "no verdict for %s: %s",
	         duration_format(HEALTH_UNCERTAIN_INTERVALS * interval_ms, lasted), target->error);
	emit(target, (struct event_record){ .type = EVENT_UNCERTAIN, .reason = reason });
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
	                         target->check->cert_warning) ||
	    !gmtime_r(&expires, &tm))
		return;
	target->certificate_warned = expires;
	strftime(words, sizeof(words),
	         expires < now ? "certificate expired on %Y-%m-%d"
	                       : "certificate expires on %Y-%m-%d",
	         &tm);
	emit(target, (struct event_record){ .type = EVENT_CERTIFICATE, .reason = words });
}
