/*
 * An event as name-value pairs, for the journal and for programs: the fields of the schema without
 * time, level and text.
 */
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

/* The values point into the event, except the number, which is in `fields`. `seq` 0: no number. */
void event_fields(const struct event_record *event, uint64_t seq, struct event_fields *fields);

#endif
