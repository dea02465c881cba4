#include "event/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "event/item.h"

void event_fields(const struct event_record *event, uint64_t seq, struct event_fields *fields)
{
	const struct log_field list[] = {
		{ "SHUNT_TYPE", event_word(event->type) },
		{ "SHUNT_SEQ", fields->seq },
		{ "SHUNT_RECORD", event->record },
		{ "SHUNT_ENDPOINT", event->endpoint },
		{ "SHUNT_ADDRESS", event->address },
		{ "SHUNT_FROM", event->from },
		{ "SHUNT_TO", event->to },
		{ "SHUNT_REASON", event->reason },
		{ NULL, NULL },
	};

	_Static_assert(sizeof(list) == sizeof(fields->list), "EVENT_FIELDS is their number");
	memcpy(fields->list, list, sizeof(list));
	fields->seq[0] = '\0';
	if (seq)
		snprintf(fields->seq, sizeof(fields->seq), "%" PRIu64, seq);
}
