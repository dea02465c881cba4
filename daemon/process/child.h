/*
 * The child process that becomes a program: in effect a vfork, so it shares our memory until it
 * executes the program, and child_start() returns only then. Called by spawn, in a thread of its
 * own with all signals blocked.
 */
#ifndef SHUNT_PROCESS_CHILD_H
#define SHUNT_PROCESS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#define CHILD_STACK_BYTES 32768u /* of the caller's stack */

struct spawn_user {
	bool change; /* false: run as the daemon's user */
	uid_t uid;
	gid_t gid;
};

struct child {
	/* Set by the caller. */
	char **argv;        /* argv[0] is a path; ends with NULL */
	char **environment; /* ends with NULL; NULL: empty */
	struct spawn_user user;
	int in, out, err; /* become its descriptors 0, 1 and 2; it gets no others */

	/* Set by child_start(). */
	pid_t pid;
	int pidfd;
	const char
	        *failed; /* NULL if it runs; else the step that failed: "start", "set up", "run" */
	int error;       /* errno of that step; the child is gone then */
};

void child_start(struct child *child);

#endif
