/*
 * What the daemon inherits from the process that started it, put right. main calls these first, in this order, before there are
 * threads; environment_harden() and environment_raise_descriptors() only when it really starts.
 */
#ifndef SHUNT_PROCESS_ENVIRONMENT_H
#define SHUNT_PROCESS_ENVIRONMENT_H

#include <sys/resource.h>

/*
 * Opens /dev/null in place of descriptors 0, 1 and 2 where they are closed: a socket would take such a number, and the log would be
 * written there. Child processes inherit them too.
 */
void environment_fill_descriptors(void);

/*
 * Removes LD_PRELOAD, and executes the daemon anew if libshunt was preloaded: it would resolve names to its own answers. Anything else
 * that is preloaded (a sanitizer, a profiler) stays in this process, and is not passed on to child processes.
 */
void environment_leave_shim(char **argv);

/* File mode mask, dispositions of signals, variables that libraries would act on. */
void environment_harden(void);

/* Raises the soft limit of descriptors to the hard one. Returns the limit in force. */
rlim_t environment_raise_descriptors(void);

#endif
