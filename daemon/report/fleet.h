/* The fleet as this host knows it, as JSON: to be freed by the caller; NULL if out of memory. */
#ifndef SHUNT_REPORT_FLEET_H
#define SHUNT_REPORT_FLEET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json_out.h"
#include "report/span.h"

struct fleet;
struct fleet_order;
struct monitor;
struct view_record;

/*
 * The connection to etcd, the live hosts, and the records of `span` that are the fleet's: in pieces, as
 * report_status().
 */
char *report_fleet(const struct monitor *monitor, struct report_span span, size_t step, bool *last);

/* The answer to an order. `order`: NULL, it was ended. */
char *report_fleet_order(const char *record, const struct fleet_order *order);

/* The member "fleet" of the status; null if this host is in none. */
void report_fleet_put_link(struct json_out *out, const struct fleet *fleet);

/* The member "fleet" of a record's status; null if it is none of the fleet's. */
void report_fleet_put(struct json_out *out, const struct view_record *record);

#endif
