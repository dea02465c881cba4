/*
 * shuntd's command line.
 *
 * In addition to the options documented in shuntd(8) there are those that `shunt run -c` passes to
 * its private daemon: --private DIR --owner-fd N --ready-fd N.
 */
#ifndef SHUNT_PROCESS_CMDLINE_H
#define SHUNT_PROCESS_CMDLINE_H

#include <stdbool.h>

/* The byte that is written to --ready-fd. */
#define CMDLINE_READY "\1"  /* the table is settled */
#define CMDLINE_FAILED "\0" /* it never will settle; standard error has the reason */

struct cmdline {
	const char *file;
	const char *private_dir; /* the directory of the sockets; NULL: as configured */
	int owner_fd;            /* a pidfd: the daemon ends when its process ends; -1: none */
	int ready_fd;            /* -1: no process is waiting */
	bool test;
	bool version; /* only print the versions of the daemon and its libraries */
	bool verbose;
};

/*
 * Ends the process for --help (status 0), and on a usage error (64). The strings
 * point into argv.
 */
void cmdline_parse(int argc, char **argv, struct cmdline *options);

#endif
