#include "process/environment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* Bytes: more than a chunk of an arena, which is freed with a configuration. */
#define LARGE_BLOCK (128 << 10)
#define DESCRIPTORS_MIN 64u /* assumed if the limit cannot be read */

void environment_fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void environment_leave_shim(char **argv)
{
	const char *preload = getenv("LD_PRELOAD");
	bool shimmed = preload && strstr(preload, "libshunt");
	char path[PATH_MAX];
	ssize_t length;

	unsetenv("LD_PRELOAD");
	if (!shimmed)
		return;
	length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length > 0) {
		path[length] = '\0';
		execv(path, argv);
	}
	log_fatal("cannot start without libshunt preloaded: %s", strerror(errno));
}

void environment_harden(void)
{
	umask(0177);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD,
	       SIG_DFL); /* if it were ignored, waitid() would not report child processes */
	/* A write beyond `ulimit -f` is an error to report, and must not end the daemon. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGHUP, SIG_IGN);   /* ignored until the loop handles it */
	unsetenv("SSLKEYLOGFILE"); /* libcurl would write the TLS secrets there */
}

rlim_t environment_descriptors_max(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : DESCRIPTORS_MIN;
}

rlim_t environment_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return DESCRIPTORS_MIN;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

void environment_return_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	mallopt(M_TRIM_THRESHOLD, LARGE_BLOCK);
}
