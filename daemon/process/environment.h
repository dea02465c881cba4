/*
 * Corrects what the daemon inherits from the process that started it. main calls these first, in
 * this order, before there are threads; environment_harden() and environment_raise_descriptors()
 * are called only if the daemon really starts.
 */
#ifndef SHUNT_PROCESS_ENVIRONMENT_H
#define SHUNT_PROCESS_ENVIRONMENT_H

#include <sys/resource.h>

/*
 * Opens /dev/null as descriptors 0, 1 and 2 if they are closed: otherwise a socket would get such a
 * number, and the log would be written to it. Child processes inherit them too.
 */
void environment_fill_descriptors(void);

/*
 * If libshunt was preloaded, removes LD_PRELOAD and executes the daemon again: the daemon would
 * otherwise resolve names to its own answers. Other preloaded libraries (a sanitizer, a profiler)
 * stay in this process and are not passed on to child processes.
 */
void environment_leave_shim(char **argv);

/*
 * Has large blocks returned to the system as soon as they are freed. Left to itself malloc() takes
 * the largest one so far for what this process usually needs, and a configuration's text, or that
 * of the state, would be kept for good.
 */
void environment_return_memory(void);

/* Sets the file mode mask and signal dispositions, and removes variables that libraries act on. */
void environment_harden(void);

/* The limit of descriptors that environment_raise_descriptors() can reach. */
rlim_t environment_descriptors_max(void);

/* Raises the soft limit of descriptors to the hard limit. Returns the limit in force. */
rlim_t environment_raise_descriptors(void);

#endif
