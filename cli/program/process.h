/*
 * What /proc shows of a process that matters for its lookups. Read-only; requires root or the
 * process's user.
 */
#ifndef SHUNT_CLI_PROGRAM_PROCESS_H
#define SHUNT_CLI_PROGRAM_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "program/program.h"

enum process_socket {
	PROCESS_SOCKET_SAME,   /* its client socket is the daemon's */
	PROCESS_SOCKET_OTHER,  /* it is another one */
	PROCESS_SOCKET_ABSENT, /* there is none where it looks */
};

struct process_library {
	char path[PATH_MAX]; /* "": not loaded */
	bool replaced;       /* the file of that name is another one now, or gone */
};

struct process {
	pid_t pid;
	uid_t uid;
	char program[PATH_MAX];
	struct program_kind kind;
	bool secure; /* it was started with raised privileges: ld.so(8) ignores LD_PRELOAD */
	struct process_library preload, nss;
	bool mapped;              /* it has a table, */
	unsigned long long table; /* whose inode this is */
	bool nss_listed;          /* its nsswitch.conf has shunt among the sources of hosts */
	/* From the environment at its start; NULL: not set. In `environ`. */
	const char *ld_preload, *disable, *force, *socket;
	char *environ;
	enum process_socket socket_is;
};

#define PROCESS_ERROR_MAX 256

/*
 * `daemon_socket` is the daemon's client socket. False with one line in `error`: there is no such process, or it may not be
 * looked into. process_free() in any case.
 */
bool process_read(struct process *process, pid_t pid, const char *daemon_socket,
                  char error[PROCESS_ERROR_MAX]);
void process_free(struct process *process);

/* The parts that only read text: of /proc/PID/maps, */
void process_read_maps(struct process *process, FILE *maps);
/* of /proc/PID/environ, NUL after each entry and at the end; taken over, */
void process_take_environ(struct process *process, char *text, size_t size);
/* of nsswitch.conf. */
bool process_lists_nss(FILE *nsswitch);

#endif
