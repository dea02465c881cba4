/*
 * A preload for shuntd, in a folder that another user owns: just before or after one of the calls that it makes files with, that user swaps
 * SWAP_PATH for a link to SWAP_TARGET. SWAP_AT says at which one (1, 2, …); each has a place before and one after. It is done once.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int calls;

static void may_swap(void)
{
	const char *at = getenv("SWAP_AT"), *path = getenv("SWAP_PATH");
	const char *target = getenv("SWAP_TARGET");
	char aside[4096];

	if (!at || !path || !target || ++calls != atoi(at))
		return;
	snprintf(aside, sizeof(aside), "%s.aside", path);
	rename(path, aside);
	if (symlink(target, path) < 0)
		perror("swap");
}

/* NOLINTBEGIN(bugprone-macro-parentheses): types and lists of parameters */
#define WRAP(type, name, parameters, arguments)                                                    \
	__attribute__((visibility("default"))) type name parameters                                \
	{                                                                                          \
		type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);              \
		type result;                                                                       \
                                                                                                   \
		may_swap();                                                                        \
		result = real arguments;                                                           \
		may_swap();                                                                        \
		return result;                                                                     \
	}

WRAP(int, bind, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))
WRAP(int, listen, (int fd, int backlog), (fd, backlog))
WRAP(int, chmod, (const char *path, mode_t mode), (path, mode))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, chown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid))
WRAP(int, lchown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid))
WRAP(int, flock, (int fd, int operation), (fd, operation))
WRAP(int, ftruncate, (int fd, off_t length), (fd, length))
WRAP(int, unlink, (const char *path), (path))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode))
/* NOLINTEND(bugprone-macro-parentheses) */
