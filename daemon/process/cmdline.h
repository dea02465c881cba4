/*
 * shuntd's command line.
 *
 * Beside what shuntd(8) documents there is what `shunt run -c` says to its private daemon: --private DIR --owner-fd N --ready-fd N.
 */
#ifndef SHUNT_PROCESS_CMDLINE_H
#define SHUNT_PROCESS_CMDLINE_H

#include <stdbool.h>

/* The byte that is written to --ready-fd. */
#define CMDLINE_READY "\1"  /* the table is settled */
#define CMDLINE_FAILED "\0" /* it never will be, and standard error says why */

struct cmdline {
	const char *file;
	const char *private_dir; /* where the sockets are; NULL: as the configuration says */
	int owner_fd;            /* a pidfd: when its process ends, so do we; -1: none */
	int ready_fd;            /* -1: no process waits */
	bool test;
	bool verbose;
};

/* Ends the process for --help and --version (0), and for a mistake (64). The strings are argv's. */
void cmdline_parse(int argc, char **argv, struct cmdline *options);

#endif
