/*
 * Drops root's privileges. server calls these once, after everything that only root can open has
 * been opened.
 */
#ifndef SHUNT_PROCESS_PRIVILEGES_H
#define SHUNT_PROCESS_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct passwd;

/* Whether this process already runs as that user and group. */
bool privileges_are(const struct passwd *user);

/*
 * Switches to the user permanently: supplementary groups first, then group, then user. Returns
 * false with errno on failure.
 */
bool privileges_become(const struct passwd *user);

/*
 * Disables core dumps, and ptrace() and /proc/PID access by the daemon's own user. Has no effect in
 * builds with a leak checker, which inspects its own process through ptrace.
 */
void privileges_forbid_dumps(void);

#endif
