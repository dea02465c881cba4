/*
 * What the control API tells of the monitor, as JSON text.
 *
 * The shape is a contract with whoever reads it, documented in shunt(1). Fields are only ever added.
 */
#ifndef SHUNT_REPORT_H
#define SHUNT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct monitor;
struct monitor_record;
struct reload_result;

/* The whole status in pieces: the head, each record, REPORT_TAIL, which is the last. NULL: out of memory. The caller frees. */
char *report_status(const struct monitor *monitor, size_t step, bool *last);

/* The same, with what `shunt status` shows in its table: names, answers, reasons, health. What would be null is left out. */
char *report_brief(const struct monitor *monitor, size_t step, bool *last);

/* One record as it stands among the others. As above. */
char *report_record(const struct monitor_record *record);

/* What is to come of monitor_check(): {"record": {…}, "within_ms": 8000}. As above. */
char *report_check(const struct monitor_record *record, uint32_t within_ms);

/* What a reload did: {"records": 3, "added": {"count": 1, "names": […]}, "changed": …, "removed": …}. As above. */
char *report_reload(const struct reload_result *result);

#define REPORT_TAIL "]}\n"

#endif
