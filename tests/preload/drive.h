/*
 * Runs the programs under the shim, client_*.c: each case in each width that there is, one after another, all
 * against one stand-in for shuntd, of the daemon's width (fake.c).
 *
 * The shim is the one that $LIB chooses for a program, as for anybody's; PRELOAD names another, which is for sanitizer
 * builds. The programs stand beside this one, those of 32 bits in a folder of their own.
 */
#ifndef SHUNT_TESTS_DRIVE_H
#define SHUNT_TESTS_DRIVE_H

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orders.h"
#include "tests/support/unit.h"

#define DRIVE_CASES 64
#define DRIVE_WIDTHS (sizeof(drive_folders) / sizeof(drive_folders[0]))

/* Of the build; the machine's own width first. */
static const char *const drive_folders[] = { "tests/preload",
#ifdef CLIENTS_32
	                                     "tests/preload32"
#endif
};

struct drive_case {
	char name[64], label[96];
	const char *client, *folder;
	uint32_t stale_limit;
};

static bool drive_has_network;     /* set by a test that has made one for its programs */
static char drive_build[PATH_MAX]; /* three floors above this program */
static struct {
	pid_t pid; /* 0: none */
	int channel;
	char path[108];
} drive_fake;

static inline void drive_init(void)
{
	ssize_t n = readlink("/proc/self/exe", drive_build, sizeof(drive_build) - 1);
	char value[PATH_MAX + 32];

	drive_build[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 3; i++)
		dirname(drive_build);
	snprintf(value, sizeof(value), "%s/$LIB/libshunt.so", drive_build);
	setenv("PRELOAD", value, 0);
	snprintf(drive_fake.path, sizeof(drive_fake.path), "%s/shunt-test-%d.sock",
	         getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
	setenv("SHUNT_SOCKET", drive_fake.path, 1);
	/* What is passed on must not leave this host: a network namespace without one, where we may have it. */
	if (!drive_has_network && unshare(CLONE_NEWNET) != 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		fprintf(stderr,
		        "# no network namespace: some names are asked of this host's DNS\n");
}

/* A child that ends with us; `word` and what follows, up to NULL, are its arguments. */
static inline pid_t drive_start(const char *folder, const char *program, const char *preload,
                                int out, const char *const arguments[3])
{
	char path[PATH_MAX + 64];
	char *argv[] = { path, (char *)arguments[0], (char *)arguments[1], (char *)arguments[2],
		         NULL };
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s/%s", drive_build, folder, program);
	fflush(NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (preload)
		setenv("LD_PRELOAD", preload, 1);
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	execv(path, argv);
	fprintf(stderr, "# %s: %s\n", path, strerror(errno));
	_exit(127);
}

/* --- the stand-in --------------------------------------------------------------------------------
 */

static inline void drive_stop_fake(void)
{
	if (!drive_fake.pid)
		return;
	kill(drive_fake.pid, SIGKILL);
	waitpid(drive_fake.pid, NULL, 0);
	close(drive_fake.channel);
	unlink(drive_fake.path);
	drive_fake.pid = 0;
}

static inline void drive_start_fake(void)
{
	char channel[16];
	int ends[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), errno);
	fcntl(ends[1], F_SETFD, 0);
	snprintf(channel, sizeof(channel), "%d", ends[1]);
	drive_fake.channel = ends[0];
	drive_fake.pid = drive_start("tests/preload", "fake", NULL, -1,
	                             (const char *[]){ drive_fake.path, channel, NULL });
	close(ends[1]);
	fcntl(ends[0], F_SETFD, 0); /* the clients' */
	assert_true(drive_fake.pid > 0);
}

/* As new; a case may have killed it, and the next one gets another. */
static inline void drive_reset_fake(uint32_t stale_limit)
{
	if (drive_fake.pid && fake_order(drive_fake.channel, FAKE_RESET, 0, stale_limit, NULL))
		return;
	drive_stop_fake();
	drive_start_fake();
	assert_true(fake_order(drive_fake.channel, FAKE_RESET, 0, stale_limit, NULL));
}

/* --- cases ---------------------------------------------------------------------------------------
 */

static inline void drive_case(void **state)
{
	const struct drive_case *c = *state;
	char channel[16], pid[16];
	int status = -1;
	pid_t client;

	drive_reset_fake(c->stale_limit);
	snprintf(channel, sizeof(channel), "%d", drive_fake.channel);
	snprintf(pid, sizeof(pid), "%d", (int)drive_fake.pid);
	client = drive_start(c->folder, c->client, getenv("PRELOAD"), -1,
	                     (const char *[]){ c->name, channel, pid });
	assert_return_code(client, errno);
	waitpid(client, &status, 0);
	/* It may have left in the middle of an order, or of the daemon's sleep. */
	if (status == 0)
		kill(drive_fake.pid, SIGCONT);
	else
		drive_stop_fake();
	assert_int_equal(status, 0);
}

static inline size_t drive_list(const char *client, struct drive_case cases[DRIVE_CASES])
{
	size_t count = 0;
	int ends[2], status = -1;
	char line[128];
	FILE *list;
	pid_t pid;

	if (pipe(ends) != 0)
		return 0;
	pid = drive_start(drive_folders[0], client, NULL, ends[1],
	                  (const char *[]){ "list", NULL, NULL });
	close(ends[1]);
	list = fdopen(ends[0], "r");
	while (list && count < DRIVE_CASES && fgets(line, sizeof(line), list)) {
		char *limit = strrchr(line, ' ');

		if (!limit)
			continue;
		*limit = '\0';
		snprintf(cases[count].name, sizeof(cases[count].name), "%s", line);
		cases[count++].stale_limit = (uint32_t)strtoul(limit + 1, NULL, 10);
	}
	if (list)
		fclose(list);
	return waitpid(pid, &status, 0) == pid && status == 0 ? count : 0;
}

static inline int drive_bits(size_t width)
{
	return width == 0 ? (int)sizeof(void *) * 8 : 32;
}

static inline int drive(const char *client)
{
	static struct drive_case listed[DRIVE_CASES], cases[DRIVE_WIDTHS * DRIVE_CASES];
	static struct CMUnitTest tests[DRIVE_WIDTHS * DRIVE_CASES];
	size_t count, total = 0;
	int failed;

	drive_init();
	count = drive_list(client, listed);
	for (size_t width = 0; width < DRIVE_WIDTHS; width++) {
		for (size_t i = 0; i < count; i++, total++) {
			struct drive_case *c = &cases[total];

			*c = listed[i];
			c->client = client;
			c->folder = drive_folders[width];
			snprintf(c->label, sizeof(c->label), "%s, %d bits", c->name,
			         drive_bits(width));
			tests[total] = (struct CMUnitTest){ .name = c->label,
				                            .test_func = drive_case,
				                            .initial_state = c };
		}
	}
	failed = _cmocka_run_group_tests(client, tests, total, NULL, NULL);
	drive_stop_fake();
	return failed;
}

#endif
