/* What the monitor shows of a record: to readers as struct monitor_record, to events in words. */
#ifndef SHUNT_MONITOR_VIEW_H
#define SHUNT_MONITOR_VIEW_H

#include "monitor/monitor.h"
#include "monitor/roster.h"

/* The answering endpoint's id, "dns" or "fail". */
const char *view_answer(const struct record *record, int answer);

/* "secondary is down: connection refused", "secondary has no address yet" */
void view_say_endpoint(const struct endpoint *endpoint, char *text, size_t size);

/* Why this answer, in words. Returns `reason`. */
const char *view_reason(const struct record *record, char reason[MONITOR_REASON_MAX]);

void view_record(const struct record *record, struct monitor_record *out);

#endif
