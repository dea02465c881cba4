/* A private daemon for one program: it ends when that program does. */
#ifndef SHUNT_CLI_PROGRAM_PRIVATE_H
#define SHUNT_CLI_PROGRAM_PRIVATE_H

#include <limits.h>
#include <stdbool.h>

struct private
{
	char folder[PATH_MAX]; /* its own folder, mode 0700; shuntd removes it when it ends */
};

/*
 * Starts `daemon` with the configuration `file` and waits until its table is settled. The daemon
 * watches this process, which is about to become the program by exec. Returns false after printing
 * an error if it does not run; nothing is left behind.
 */
bool private_start(struct private *private, const char *daemon, const char *file, bool verbose);

/* "FOLDER/NAME". */
void private_path(const struct private *private, const char *name, char path[PATH_MAX]);

#endif
