/* Numbers on the command line. Pure. */
#ifndef SHUNT_CLI_BASE_NUMBER_H
#define SHUNT_CLI_BASE_NUMBER_H

#include <sys/types.h>

/* Returns 0 if the text is not a process ID. */
pid_t number_pid(const char *text);

#endif
