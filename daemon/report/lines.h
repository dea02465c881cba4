/*
 * The status as lines with tabs between their fields, of what a table for people shows: a tenth of the time that JSON takes its
 * reader. The shape is a contract, documented in docs/openapi.yaml. Lines and fields are only ever added, fields at the end of a line.
 *
 *   status    version, settled (true, false), isolated (true, false)
 *   record    name, active endpoint, its addresses with a space between them, since (Unix time), all_down, reason
 *   endpoint  id, health, type of its check, why its name does not resolve; of the record before it
 *   address   address, health, latency in milliseconds, last error and since when there is no verdict; of the endpoint before it
 *   end
 *
 * A field that is empty is nothing. All is printable ASCII; '?' stands for any other byte.
 */
#ifndef SHUNT_REPORT_LINES_H
#define SHUNT_REPORT_LINES_H

#include "report/json.h"

#define LINES_TYPE "text/tab-separated-values"

/* As report_status(). */
char *lines_status(const struct monitor *monitor, struct report_span span, size_t step, bool *last);

#endif
