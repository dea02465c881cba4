/*
 * What a helper gives up before it reads the first request.
 *
 *   sandbox_capabilities()   first: all but those that its work needs
 *   sandbox_enter()          last, when every file and socket is open: all system calls but a few
 *
 * Both may fail only where the kernel lacks the feature; a helper then ends, since its unit
 * promises both.
 */
#ifndef SHUNT_HELPER_SERVE_SANDBOX_H
#define SHUNT_HELPER_SERVE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* Keeps these (CAP_), and no others. False with errno if the process does not have one of them. */
bool sandbox_capabilities(const int *keep, size_t count);

#define SANDBOX_CALLS_MAX 32u /* of a helper's own */

/*
 * From here on only the calls of the list (__NR_) and those that every helper needs go through:
 * packets, waiting, memory that is not executable, writing to what is open, ending. Every other
 * fails with EPERM. The process can no longer gain privileges.
 */
bool sandbox_enter(const int *calls, size_t count);

#endif
