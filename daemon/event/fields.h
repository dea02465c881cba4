/* An event as names with values, for the journal and for programs: what the schema has, without its time, level and text. */
#ifndef SHUNT_EVENT_FIELDS_H
#define SHUNT_EVENT_FIELDS_H

#include <stdint.h>

#include "base/log.h"

struct event_record;

#define EVENT_FIELDS 8

struct event_fields {
	struct log_field list[EVENT_FIELDS + 1]; /* as log_fields() takes them */
	char seq[24];
};

/* The values are the event's, but for the number, which is in `fields`. `seq` 0: it has none. */
void event_fields(const struct event_record *event, uint64_t seq, struct event_fields *fields);

#endif
