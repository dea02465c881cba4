/* Whether a connect that does not block has failed already. */
#ifndef SHUNT_SHIM_LOOK_H
#define SHUNT_SHIM_LOOK_H

#include <stdbool.h>

/*
 * How long it is watched while its address is in doubt: a refusal comes within a round trip, and
 * later only the program can see it.
 */
#define LOOK_MS 1

/*
 * How long if the other end has answered and neither accepted nor refused: it remembers a
 * connection between the same ports (TIME_WAIT). Linux then sends its SYN again after two ticks of
 * its clock, of 1 to 10 ms each, and that has a real answer.
 */
#define LOOK_AGAIN_MS 30

/* Whether a connect of the socket has failed, and nobody has been told. Does not wait. */
bool look_has_error(int fd);

/* `fd` is a TCP socket whose connect returned EINPROGRESS. False: it goes on, or has succeeded. */
bool look_sees_failure(int fd, bool in_doubt);

#endif
