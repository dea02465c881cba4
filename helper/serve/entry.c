#include "serve/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/listener.h"

#define SYSTEMD_FD 3 /* SD_LISTEN_FDS_START of sd_listen_fds(3) */
#define SHORTAGE_MS 100

static int refuse(char *error, size_t size, const char *what)
{
	snprintf(error, size, "%s", what);
	return -1;
}

static int refuse_errno(char *error, size_t size, const char *what)
{
	snprintf(error, size, "%s: %s", what, strerror(errno));
	return -1;
}

static int option(int fd, int name)
{
	int value = -1;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

/* The one socket that systemd passed to this very process; -1 if there is none. */
static int from_systemd(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	bool ours = pid && count && strcmp(count, "1") == 0 && atol(pid) == (long)getpid();

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!ours || option(SYSTEMD_FD, SO_DOMAIN) != AF_UNIX ||
	    option(SYSTEMD_FD, SO_TYPE) != SOCK_SEQPACKET)
		return -1;
	return fcntl(SYSTEMD_FD, F_SETFD, FD_CLOEXEC) == 0 ? SYSTEMD_FD : -1;
}

/* The host has too little of something at the moment. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

int entry_accept(int listening)
{
	const int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	const int error = errno;

	if (connection < 0 && is_shortage(error))
		poll(NULL, 0, SHORTAGE_MS);
	errno = error;
	return connection;
}

/* Waits until fewer than ENTRY_MOST processes serve. Returns how many do. */
static unsigned reap(unsigned serving)
{
	while (serving > 0 && waitpid(-1, NULL, serving < ENTRY_MOST ? WNOHANG : 0) > 0)
		serving--;
	return serving;
}

/* In the new process: it must not outlive the one that listens. */
static int begin(int listening, int connection, pid_t parent)
{
	close(listening);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	return connection;
}

static int accept_each(int listening, char *error, size_t size)
{
	const pid_t parent = getpid();
	unsigned serving = 0;

	for (;;) {
		int connection;
		pid_t pid;

		serving = reap(serving);
		connection = entry_accept(listening);
		if (connection < 0 && errno != EINTR && errno != ECONNABORTED &&
		    !is_shortage(errno))
			return refuse_errno(error, size, "cannot accept connections");
		if (connection < 0)
			continue;
		pid = fork();
		if (pid == 0)
			return begin(listening, connection, parent);
		serving += pid > 0;
		close(connection);
	}
}

static struct listener *own; /* NULL: the socket is systemd's */

static int listen_at(const char *path, gid_t group, char *error, size_t size)
{
	own = listener_open(path, SOCK_SEQPACKET, 0660, group, error, size);
	return own ? listener_fd(own) : -1;
}

void entry_close(void)
{
	if (own)
		listener_close(own);
	own = NULL;
}

/* Returns -1 with `error` filled. */
static int open_socket(const char *path, gid_t group, char *error, size_t size)
{
	int fd = path ? listen_at(path, group, error, size) : from_systemd();

	if (fd >= 0 || path)
		return fd;
	return refuse(error, size,
	              "there is no socket: systemd starts this program, by its socket unit; "
	              "elsewhere give --socket PATH");
}

/* Returns the socket; -1 with `error` filled. */
static int set_waits(int fd, bool waits, char *error, size_t size)
{
	const int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && fcntl(fd, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) == 0)
		return fd;
	return refuse_errno(error, size, "cannot use the socket");
}

int entry_connection(const char *path, gid_t group, char *error, size_t size)
{
	int fd = open_socket(path, group, error, size);
	bool listens;

	if (fd < 0)
		return -1;
	listens = option(fd, SO_ACCEPTCONN) == 1;
	fd = set_waits(fd, listens, error, size);
	return fd < 0 || !listens ? fd : accept_each(fd, error, size);
}

int entry_listen(const char *path, gid_t group, char *error, size_t size)
{
	int fd = open_socket(path, group, error, size);

	if (fd < 0 || option(fd, SO_ACCEPTCONN) == 1)
		return fd < 0 ? -1 : set_waits(fd, false, error, size);
	return refuse(error, size, "the socket does not listen: its unit must have Accept=no");
}
