/*
 * Why a name is answered as it is: the steps in the order in which the daemon's election decides
 * (shunt(1), explain). Pure.
 */
#ifndef SHUNT_CLI_EXPLAIN_DECISION_H
#define SHUNT_CLI_EXPLAIN_DECISION_H

#include <jansson.h>
#include <time.h>

/*
 * `record` is one of `status`, as the daemon reports it. Returns an array of steps (step.h); the
 * caller releases it.
 */
json_t *decision_steps(const json_t *status, const json_t *record, time_t now);

#endif
