#include "program/private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/clock.h"

#define SETTLE_MS 10000
#define LONGEST_NAME "/shunt-XXXXXX/control.sock"

/* The descriptors that shuntd inherits besides standard input, output and error. */
#define OWNER_FD 3 /* a pidfd of this process */
/* one byte: DAEMON_READY once the table is settled, another value if that is impossible */
#define READY_FD 4
#define DAEMON_READY 1
#define FIRST_FREE_FD 5

/* Whether the path of a socket below it fits, and no other user can replace what is in it. */
static bool usable(const char *base)
{
	struct stat status;

	return base && base[0] == '/' &&
	       strlen(base) + sizeof(LONGEST_NAME) <= sizeof(((struct sockaddr_un *)0)->sun_path) &&
	       stat(base, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
	       !(status.st_mode & (S_IWGRP | S_IWOTH)) && access(base, W_OK | X_OK) == 0;
}

static bool make_folder(struct private *private)
{
	const char *base = getenv("XDG_RUNTIME_DIR"), *cure = "";

	if (!usable(base)) {
		base = "/tmp";
		cure = "; set XDG_RUNTIME_DIR to a folder of your own";
	}
	snprintf(private->folder, sizeof(private->folder), "%s/shunt-XXXXXX", base);
	if (mkdtemp(private->folder))
		return true;
	cli_error("cannot make a private directory %s: %s%s", private->folder, strerror(errno),
	          cure);
	return false;
}

/* Cleans up after a daemon that failed before it could do so. */
static void remove_folder(const struct private *private)
{
	static const char *const names[] = { "shunt.sock", "shunt.sock.lock", "control.sock",
		                             "control.sock.lock" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		private_path(private, names[i], path);
		unlink(path);
	}
	rmdir(private->folder);
}

void private_path(const struct private *private, const char *name, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", private->folder, name) >= PATH_MAX)
		path[0] = '\0';
}

/* If standard descriptors are closed, ours must not take their numbers. Takes ownership of `fd`. */
static int above_standard(int fd)
{
	int high;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	close(fd);
	return high;
}

/*
 * Standard output and everything inherited would keep pipelines open for as long as the daemon
 * runs. Standard error stays open, for error messages.
 */
static bool arrange_descriptors(int owner, int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	null = fcntl(null, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	owner = fcntl(owner, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	ready = fcntl(ready, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return false;
	if (fcntl(STDERR_FILENO, F_GETFD) < 0 && dup2(null, STDERR_FILENO) < 0)
		return false;
	if (dup2(owner, OWNER_FD) < 0 || dup2(ready, READY_FD) < 0)
		return false;
	closefrom(FIRST_FREE_FD);
	return true;
}

static void clear_environment(void)
{
	static const char *const names[] = { "LD_PRELOAD", "SHUNT_SOCKET", "SHUNT_CONTROL" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

_Noreturn static void become_daemon(const struct private *private, const char *daemon,
                                    const char *file, bool verbose, int owner, int ready)
{
	char owner_text[12], ready_text[12];
	const char *argv[] = { "shuntd",     "--private", private->folder,
		               "--owner-fd", owner_text,  "--ready-fd",
		               ready_text,   "-c",        file,
		               NULL,         NULL };
	sigset_t none;

	snprintf(owner_text, sizeof(owner_text), "%d", OWNER_FD);
	snprintf(ready_text, sizeof(ready_text), "%d", READY_FD);
	if (verbose)
		argv[9] = "--verbose";
	if (!arrange_descriptors(owner, ready)) {
		cli_error("cannot start the daemon: %s", strerror(errno));
		_exit(CLI_RUN_FAILED);
	}
	clear_environment();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(daemon, (char *const *)argv);
	cli_error("cannot start %s: %s", daemon, strerror(errno));
	_exit(CLI_RUN_FAILED);
}

/*
 * A double fork into a new session: the daemon is not a child of the program, and gets no signals
 * from its terminal.
 */
static bool spawn(const struct private *private, const char *daemon, const char *file, bool verbose,
                  int owner, int ready)
{
	pid_t between = fork();
	int status;

	if (between == 0) {
		pid_t last;

		setsid();
		last = fork();
		if (last == 0)
			become_daemon(private, daemon, file, verbose, owner, ready);
		_exit(last < 0 ? CLI_RUN_FAILED : 0);
	}
	if (between < 0)
		return false;
	while (waitpid(between, &status, 0) < 0)
		if (errno != EINTR)
			return true; /* SIGCHLD is ignored: the kernel has reaped it */
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* False: the daemon has exited after printing the reason. */
static bool wait_settled(int ready)
{
	const uint64_t deadline = clock_ms() + SETTLE_MS;
	int64_t left;
	struct pollfd poll_ready = { .fd = ready, .events = POLLIN };
	char byte;

	while ((left = (int64_t)(deadline - clock_ms())) > 0) {
		if (poll(&poll_ready, 1, (int)left) > 0)
			break;
	}
	if (left <= 0) {
		cli_error("the daemon has not settled within %d s: going on without waiting for it",
		          SETTLE_MS / 1000);
		return true;
	}
	if (read(ready, &byte, 1) == 1)
		return byte == DAEMON_READY;
	cli_error("the daemon ended before it was ready");
	return false;
}

/* `before` is the signal mask to use while waiting. */
static bool start(const struct private *private, const char *daemon, const char *file, bool verbose,
                  const sigset_t *before)
{
	int owner = above_standard(pidfd_open(getpid(), 0));
	int ready[2] = { -1, -1 };
	bool started = false;

	if (owner < 0 || pipe2(ready, O_CLOEXEC) < 0) {
		cli_error("cannot start the daemon: %s", strerror(errno));
		goto out;
	}
	ready[0] = above_standard(ready[0]);
	ready[1] = above_standard(ready[1]);
	started = spawn(private, daemon, file, verbose, owner, ready[1]);
	if (!started)
		cli_error("cannot start the daemon: %s", strerror(errno));
	close(ready[1]);
	ready[1] = -1;
	if (started) {
		sigprocmask(SIG_SETMASK, before, NULL);
		started = wait_settled(ready[0]);
	}
out:
	if (ready[0] >= 0)
		close(ready[0]);
	if (ready[1] >= 0)
		close(ready[1]);
	if (owner >= 0)
		close(owner);
	return started;
}

bool private_start(struct private *private, const char *daemon, const char *file, bool verbose)
{
	sigset_t all, before;
	bool started;

	/* A signal before the daemon runs, which cleans up, would leave the folder behind. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	if (!make_folder(private)) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		return false;
	}
	started = start(private, daemon, file, verbose, &before);
	if (!started)
		remove_folder(private);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return started;
}
