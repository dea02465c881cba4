#include "process/child.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIPTORS_USUAL 1024u /* select() does not support more */

/* The uid_t of these system calls has 32 bits on every architecture. */
#ifdef SYS_setresuid32
#define SET_GROUPS SYS_setgroups32
#define SET_GID SYS_setresgid32
#define SET_UID SYS_setresuid32
#else
#define SET_GROUPS SYS_setgroups
#define SET_GID SYS_setresgid
#define SET_UID SYS_setresuid
#endif

/* For code that runs in a child sharing our memory, on a stack unknown to sanitizers. */
#define PLAIN __attribute__((no_sanitize("address", "thread", "undefined")))

/*
 * One of our signal handlers run in the child would modify our memory, so all signals stay blocked
 * until no handlers are left. libc reserves two signals in sigaction(); the kernel's own structure,
 * all zeros, is the default disposition.
 */
PLAIN static void reset_signals(void)
{
	static const uint64_t usual[8];
	sigset_t none;

	for (int i = 1; i < _NSIG; i++)
		syscall(SYS_rt_sigaction, i, usual, NULL, _NSIG / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

PLAIN static bool set_descriptors(const struct child *child)
{
	struct rlimit limit;

	if (dup2(child->in, STDIN_FILENO) < 0 || dup2(child->out, STDOUT_FILENO) < 0 ||
	    dup2(child->err, STDERR_FILENO) < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	if (close_range(3, ~0u, 0) < 0) { /* Linux before 5.9 */
		for (unsigned fd = 3; fd < limit.rlim_cur; fd++)
			close((int)fd);
	}
	if (limit.rlim_cur > DESCRIPTORS_USUAL)
		limit.rlim_cur = DESCRIPTORS_USUAL;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* libc's own functions would change the user of all our threads. */
PLAIN static bool set_rights(const struct spawn_user *user)
{
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (user->change && (syscall(SET_GROUPS, 0, NULL) < 0 ||
	                     syscall(SET_GID, user->gid, user->gid, user->gid) < 0 ||
	                     syscall(SET_UID, user->uid, user->uid, user->uid) < 0))
		return false;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

PLAIN static int run(void *arg)
{
	static char *const no_environment[] = { NULL };
	struct child *child = arg;

	child->failed = "set up";
	umask(S_IWGRP | S_IWOTH);
	if (setsid() >= 0 && chdir("/") == 0 && set_descriptors(child) &&
	    set_rights(&child->user)) {
		child->failed = "run";
		reset_signals();
		execve(child->argv[0], child->argv,
		       child->environment ? child->environment : no_environment);
	}
	child->error = errno;
	_exit(127);
}

PLAIN void child_start(struct child *child)
{
	char stack[CHILD_STACK_BYTES] __attribute__((aligned(16)));
	siginfo_t info;

	child->error = 0;
	child->pid = clone(run, stack + sizeof(stack),
	                   CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, child, &child->pidfd);
	if (child->pid < 0) {
		child->failed = "start";
		child->error = errno;
	} else if (child->error) {
		waitid(P_PID, (id_t)child->pid, &info, WEXITED);
		close(child->pidfd);
	} else {
		child->failed = NULL;
	}
}
