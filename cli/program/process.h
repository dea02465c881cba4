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
	PROCESS_SOCKET_SAME,   /* its client socket is this daemon's */
	PROCESS_SOCKET_OTHER,  /* its client socket is another daemon's */
	PROCESS_SOCKET_ABSENT, /* there is no socket at its path */
};

struct process_library {
	char path[PATH_MAX]; /* "": not loaded */
	bool replaced;       /* the file of that name was replaced or removed */
};

struct process {
	pid_t pid;
	uid_t uid;
	char program[PATH_MAX];
	struct program_kind kind;
	bool secure; /* started with raised privileges: ld.so(8) ignores LD_PRELOAD */
	struct process_library preload, nss;
	bool mapped;              /* it has mapped a table, */
	unsigned long long table; /* with this inode */
	bool nss_listed;          /* its nsswitch.conf lists shunt as a source of hosts */
	char cgroup
	        [PATH_MAX]; /* in the unified hierarchy, as in "/system.slice/a.service"; "": none */
	/* From its initial environment; NULL: not set. They point into `environ`. */
	const char *ld_preload, *disable, *force, *socket, *godebug;
	char *environ;
	enum process_socket socket_is;
};

#define PROCESS_ERROR_MAX 256

/*
 * `daemon_socket` is the daemon's client socket. Returns false and a one-line `error` if there is
 * no such process, or it may not be inspected. process_free() is always required.
 */
bool process_read(struct process *process, pid_t pid, const char *daemon_socket,
                  char error[PROCESS_ERROR_MAX]);
void process_free(struct process *process);

/* Whether there is such a process, and it may not be inspected. */
bool process_is_denied(pid_t pid);

/* The parts that only parse text: /proc/PID/maps, */
void process_read_maps(struct process *process, FILE *maps);
/* /proc/PID/environ, NUL after each entry and at the end; takes ownership, */
void process_take_environ(struct process *process, char *text, size_t size);
/* /proc/PID/cgroup, */
void process_read_cgroup(struct process *process, FILE *cgroup);
/* nsswitch.conf. */
bool process_lists_nss(FILE *nsswitch);

#endif
