/* Root's privileges, and how the daemon gives them up. server calls these once, after what only root can open is open. */
#ifndef SHUNT_PROCESS_PRIVILEGES_H
#define SHUNT_PROCESS_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct passwd;

/* Whether this process already runs as that user and group. */
bool privileges_are(const struct passwd *user);

/* Becomes the user for good: supplementary groups first, then group, then user. False with errno. */
bool privileges_become(const struct passwd *user);

/*
 * No core dump, and no ptrace() or /proc/PID access by the daemon's own user. Not in builds with a leak checker, which looks at its own
 * process through ptrace.
 */
void privileges_forbid_dumps(void);

#endif
