/*
 * What the control API tells of the monitor, as JSON text: a head, each record, a tail, to be written one after the other.
 *
 * The shape is a contract with whoever reads it, documented in shunt(1). Fields are only ever added.
 */
#ifndef SHUNT_REPORT_H
#define SHUNT_REPORT_H

struct monitor;
struct monitor_record;

/* From the opening brace to that of the records' array. NULL: out of memory. The caller frees. */
char *report_head(const struct monitor *monitor);

/* One member of the array, without a comma. NULL: out of memory. The caller frees. */
char *report_record(const struct monitor_record *record);

#define REPORT_TAIL "]}\n"

#endif
