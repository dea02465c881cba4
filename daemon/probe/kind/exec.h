/*
 * Exec checks: the verdict is that of a program. By default exit status 0 passes; any other status,
 * and a signal, fails. A program that cannot be run (including exit statuses 126 and 127), and a
 * status in none_status, give no verdict.
 */
#ifndef SHUNT_PROBE_KIND_EXEC_H
#define SHUNT_PROBE_KIND_EXEC_H

#include "probe/probe.h"
#include "process/spawn.h"

struct probe_exec;

/* Returns NULL with errno on failure. */
struct probe_exec *probe_exec_new(struct event_base *base, const struct spawn_user *user);
/* Must be called after all probes were freed. NULL is allowed. */
void probe_exec_free(struct probe_exec *exec);

/* Called after a reload: sets the user of programs started from now on. */
void probe_exec_set_user(struct probe_exec *exec, const struct spawn_user *user);

const struct probe_kind *probe_exec_kind(const struct probe_exec *exec);

#endif
