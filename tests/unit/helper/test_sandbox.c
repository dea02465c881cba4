/* In a child: what goes through a helper's sandbox, and what fails with EPERM. */
#include "serve/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/unit.h"

/* The status of a child that returns the number of the first thing that is not as it should be. */
static int in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool is_refused(long result)
{
	return result == -1 && errno == EPERM;
}

static void *map(int protection)
{
	return mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int refuses(void)
{
	struct timespec now;

	if (!sandbox_enter(NULL, 0))
		return 1;
	if (!is_refused(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0)))
		return 2;
	if (!is_refused(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY)))
		return 3;
	if (map(PROT_READ | PROT_EXEC) != MAP_FAILED || errno != EPERM)
		return 4;
	if (!is_refused(syscall(SYS_getuid)) || !is_refused(syscall(SYS_kill, getpid(), 0)))
		return 5;
	if (map(PROT_READ | PROT_WRITE) == MAP_FAILED)
		return 6;
	if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0 || write(-1, "", 0) != -1 ||
	    errno != EBADF)
		return 7;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == -1 ? 0 : 8; /* prctl() itself is refused */
}

static int takes_a_list(void)
{
	static const int calls[] = { __NR_getuid };

	if (!sandbox_enter(calls, 1))
		return 1;
	return syscall(SYS_getuid) >= 0 && is_refused(syscall(SYS_getgid)) ? 0 : 2;
}

static int has_a_bound(void)
{
	static const int calls[SANDBOX_CALLS_MAX + 1];

	return sandbox_enter(calls, SANDBOX_CALLS_MAX + 1) ? 1 : errno == EINVAL ? 0 : 2;
}

static int keeps_one(void)
{
	static const int keep[] = { CAP_NET_ADMIN };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (!sandbox_capabilities(keep, 1))
		return 1;
	if (syscall(SYS_capget, &header, data) != 0)
		return 2;
	return data[0].permitted == 1u << CAP_NET_ADMIN && data[0].effective == data[0].permitted &&
	                       data[0].inheritable == 0 && data[1].permitted == 0
	               ? 0
	               : 3;
}

static void calls_are_refused(void **state)
{
	(void)state;
	assert_int_equal(in_child(refuses), 0);
	assert_int_equal(in_child(takes_a_list), 0);
	assert_int_equal(in_child(has_a_bound), 0);
}

static void capabilities_are_given_up(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(keeps_one), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_refused),
		cmocka_unit_test(capabilities_are_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
