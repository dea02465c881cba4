/*
 * A thread's attempt to talk to the daemon, to attach or to report a failure: the mark that passes
 * lookups made during it (by libc or another library) to libc, the program's cancellation state,
 * and the one open descriptor.
 *
 * A program may jump out of an attempt (siglongjmp) without notice. The mark is therefore the time
 * of the start: no attempt takes LEFT_TICKS, so the thread's next lookup after that cleans up.
 * Called by attach and welcome, and by connection/tell, in this order: attempt_may_start(),
 * attempt_start(), attempt_hold() as often as needed, attempt_end().
 */
#ifndef SHUNT_SHIM_ATTEMPT_H
#define SHUNT_SHIM_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

/* Returns false if this thread is already in an attempt. Preserves errno. */
bool attempt_may_start(uint32_t now);

void attempt_start(uint32_t now);

/*
 * Takes ownership of `fd` and closes the descriptor held before; attempt_end() closes the last one.
 * Returns its number, which differs from `fd` if that was 0, 1 or 2 (the program had closed it);
 * -1: `fd` was negative, and nothing has changed.
 */
int attempt_hold(int fd);

void attempt_end(void);

#endif
