/*
 * Exec checks: a program's verdict. By default exit status 0 passes; any other, and a signal,
 * fails. A program that cannot be run (exit statuses 126 and 127 included) and a status of
 * none_status give no verdict.
 */
#ifndef SHUNT_PROBE_KIND_EXEC_H
#define SHUNT_PROBE_KIND_EXEC_H

#include "probe/probe.h"
#include "process/spawn.h"

struct probe_exec;

/* NULL with errno. */
struct probe_exec *probe_exec_new(struct event_base *base, const struct spawn_user *user);
/* After all probes are freed. NULL is taken. */
void probe_exec_free(struct probe_exec *exec);

/* After a reload: whom programs that start from now on run as. */
void probe_exec_set_user(struct probe_exec *exec, const struct spawn_user *user);

const struct probe_kind *probe_exec_kind(const struct probe_exec *exec);

#endif
