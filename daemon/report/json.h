/*
 * What the control API tells of the monitor, as JSON text.
 *
 * The shape is a contract with whoever reads it, documented in shunt(1). Fields are only ever added.
 */
#ifndef SHUNT_REPORT_JSON_H
#define SHUNT_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct in_force;
struct monitor;
struct view_record;
struct reload_result;

/* The records that are told of. */
struct report_span {
	size_t first, count;
};

/*
 * The status in pieces: the head, each record, and what closes it, which is the last and ends a line. `step` counts from 0. NULL: out
 * of memory. The caller frees.
 */
char *report_status(const struct monitor *monitor, const struct in_force *in_force,
                    struct report_span span, size_t step, bool *last);

/* One record as it stands among the others. As above. */
char *report_record(const struct view_record *record);

/* The same after an order; `warning`: why the order may not survive a restart; NULL: it is on disk. As above. */
char *report_order(const struct view_record *record, const char *warning);

/* What is to come of operate_check(): {"record": {…}, "within_ms": 8000}. As above. */
char *report_check(const struct view_record *record, uint32_t within_ms);

/* What a reload did: {"records": 3, "added": {"count": 1, "names": […]}, "changed": …, "removed": …}. As above. */
char *report_reload(const struct reload_result *result);

#endif
