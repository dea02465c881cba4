/* What was reset, or is being, as JSON: to be freed by the caller; NULL if out of memory. */
#ifndef SHUNT_REPORT_RESETS_H
#define SHUNT_REPORT_RESETS_H

#include "monitor/operate.h"

struct reset;

/* The last orders, the newest first. `reset` may be NULL: none. */
char *resets_report(const struct reset *reset);

/* The answer to an operator's order. */
char *resets_report_order(const struct operate_reset *order);

#endif
