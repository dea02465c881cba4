#include "monitor_event.h"

#include <stdio.h>

#include "event.h"
#include "roster.h"

static void emit(const struct target *target, struct event_record event)
{
	const struct member *user = target->users;
	char name[SHUNT_NAME_MAX + 32] = "", text[ADDRESS_TEXT_MAX];
	size_t more = 0;

	for (const struct member *next = user; next; next = next->next_user)
		more += next->endpoint->record != user->endpoint->record;
	if (user)
		snprintf(name, sizeof(name), more ? "%s and %zu more" : "%s",
		         user->endpoint->record->config->name, more);
	event.record = name;
	event.endpoint = user ? user->endpoint->config->id : NULL;
	event.address = address_format(&target->address, text);
	event_emit(&event);
}

void monitor_event_health(const struct target *target, enum health_state before)
{
	emit(target, (struct event_record){
	                     .type = EVENT_HEALTH,
	                     .from = health_word(before),
	                     .to = health_word(target->health.state),
	                     .reason = target->health.state == HEALTH_UP ? NULL : target->error });
}

bool monitor_event_is_due(time_t expires, time_t warned, time_t now, uint32_t warning_ms)
{
	return warning_ms && expires > warned && expires - now <= (time_t)(warning_ms / 1000);
}

void monitor_event_certificate(struct target *target, time_t expires, time_t now)
{
	char words[64];
	struct tm tm;

	target->certificate_expires = expires;
	if (!monitor_event_is_due(expires, target->certificate_warned, now,
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
