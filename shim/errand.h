/*
 * The attach that a thread is in: a mark, by which what libc or another library looks up from within it goes to libc; the
 * program's cancellation state; and the one descriptor in hand.
 *
 * A program may jump out of an attach, and nobody tells. So the mark is a time, after which it cannot go on any more: the
 * thread's next lookup then tidies up. For attach and welcome: may_start, start, hold as often as needed, end.
 */
#ifndef SHUNT_SHIM_ERRAND_H
#define SHUNT_SHIM_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

/* False: this thread is in one already. Keeps errno. */
bool errand_may_start(uint32_t now);

void errand_start(uint32_t now);

/*
 * Takes charge of a new descriptor, in place of the one before, which is closed; that of errand_end() is the last. Its number,
 * which is another one where the program has closed 0, 1 or 2; or -1, and nothing has changed.
 */
int errand_hold(int fd);

void errand_end(void);

#endif
