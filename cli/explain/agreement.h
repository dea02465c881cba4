/* What the fleet says of a record: a step of an explanation. Pure. */
#ifndef SHUNT_CLI_EXPLAIN_AGREEMENT_H
#define SHUNT_CLI_EXPLAIN_AGREEMENT_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Appends the step "fleet" if the record is one of the fleet's: its votes, what is agreed, and the order if
 * there is one. `status`, `record`: of /v1/status.
 */
void agreement_add(json_t *steps, const json_t *status, const json_t *record);

/* Whether it is that step which decided, unless an override did. */
bool agreement_decides(const json_t *record);

#endif
