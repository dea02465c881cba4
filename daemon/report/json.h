/*
 * The control API's view of the monitor, as JSON text.
 *
 * The format is a stable interface for its users, documented in shunt(1). Fields are only ever
 * added.
 */
#ifndef SHUNT_REPORT_JSON_H
#define SHUNT_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/span.h"

struct in_force;
struct monitor;
struct view_record;
struct reload_result;

/*
 * The status in pieces: the head, each record, and last the end with a newline. `step` counts from
 * 0. The caller frees the text; NULL if out of memory.
 */
char *report_status(const struct monitor *monitor, const struct in_force *in_force,
                    struct report_span span, size_t step, bool *last);

/* One record, in the same format as in the status. Result as above. */
char *report_record(const struct view_record *record);

/*
 * The same after an operator's command. `warning`: why the command may not survive a restart; NULL
 * if it is on disk. Result as above.
 */
char *report_order(const struct view_record *record, const char *warning);

/* The announcement of an operate_check(): {"record": {…}, "within_ms": 8000}. Result as above. */
char *report_check(const struct view_record *record, uint32_t within_ms);

/*
 * The result of a reload: {"records": 3, "added": {"count": 1, "names": […]}, "changed": …,
 * "removed": …}. Result as above.
 */
char *report_reload(const struct reload_result *result);

#endif
