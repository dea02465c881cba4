/*
 * What a process gets when it looks up a name: through which door, from which table, and why. Pure.
 */
#ifndef SHUNT_CLI_EXPLAIN_LOOKUP_H
#define SHUNT_CLI_EXPLAIN_LOOKUP_H

#include <jansson.h>

#include "program/process.h"

/*
 * {"pid", "program", "bits", "door", "library", "replaced", "table", "forced", "told", "answer",
 * "steps"} (shunt(1), explain). `record` is one of `status`. The caller releases it.
 */
json_t *lookup_report(const json_t *status, const json_t *record, const struct process *process);

/*
 * The same for no name in particular: without "forced" and "answer", with "uid", "brief" (the
 * finding in a few words) and "cure" (what to do to reach it, or null).
 */
json_t *lookup_reach(const json_t *status, const struct process *process);

#endif
