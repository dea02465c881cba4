/*
 * The time from exec of the daemon until a client gets a settled table, and the memory that it uses
 * then.
 *
 *   start RUNS SOCKET COMMAND...
 *
 * Starts COMMAND, which listens on SOCKET, asks it as the shim does (shunt/protocol.h) until the
 * table is settled, and ends it, RUNS times. Prints the medians, "MILLISECONDS VMRSS VMHWM", memory
 * in kB as in /proc, including the used pages of the table.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shunt/protocol.h"
#include "shunt/table.h"

#define RUNS_MAX 100
#define READY_SECONDS 30

extern char **environ;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool settled(const struct sockaddr_un *address)
{
	const struct shunt_hello hello = { SHUNT_HELLO_MAGIC, sizeof(hello),
		                           SHUNT_TABLE_VERSION_MIN, SHUNT_TABLE_VERSION, 1 };
	struct shunt_welcome welcome = { 0 };
	const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct pollfd readable = { fd, POLLIN, 0 };

	if (fd < 0)
		err(1, "socket");
	/* recv() without room for the descriptor discards it. */
	bool good = !connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
	            send(fd, &hello, sizeof(hello), MSG_NOSIGNAL) == sizeof(hello) &&
	            poll(&readable, 1, 1000) == 1 &&
	            recv(fd, &welcome, sizeof(welcome), 0) == sizeof(welcome) &&
	            welcome.status == SHUNT_STATUS_OK && welcome.flags & SHUNT_WELCOME_SETTLED;
	close(fd);
	return good;
}

static long memory(pid_t pid, const char *field)
{
	char path[64], line[256];
	long kb = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		err(1, "%s", path);
	while (kb < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			kb = strtol(line + strlen(field), NULL, 10);
	fclose(file);
	return kb;
}

static void end(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* Fills ms, VmRSS, VmHWM. */
static void run(const struct sockaddr_un *address, char **command, double out[3])
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	const double begin = now();
	pid_t pid;

	errno = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
	if (errno)
		err(1, "%s", command[0]);
	while (!settled(address)) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			errx(1, "%s ended by itself", command[0]);
		if (now() - begin > READY_SECONDS) {
			end(pid);
			errx(1, "%s: not ready after %d s", command[0], READY_SECONDS);
		}
		nanosleep(&pause, NULL);
	}
	out[0] = (now() - begin) * 1e3;
	out[1] = (double)memory(pid, "VmRSS:");
	out[2] = (double)memory(pid, "VmHWM:");
	end(pid);
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double results[][3], long runs, int column)
{
	double values[RUNS_MAX] = { 0 };

	for (long i = 0; i < runs; i++)
		values[i] = results[i][column];
	qsort(values, (size_t)runs, sizeof(*values), compare);
	return (values[(runs - 1) / 2] + values[runs / 2]) / 2;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	double results[RUNS_MAX][3] = { { 0 } };
	const long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

	if (argc < 4 || runs < 1 || runs > RUNS_MAX || strlen(argv[2]) >= sizeof(address.sun_path))
		errx(64, "usage: start RUNS SOCKET COMMAND...");
	memcpy(address.sun_path, argv[2], strlen(argv[2]) + 1);
	for (long i = 0; i < runs; i++)
		run(&address, argv + 3, results[i]);
	printf("%.1f %.0f %.0f\n", median(results, runs, 0), median(results, runs, 1),
	       median(results, runs, 2));
	return 0;
}
