/*
 * Preloaded into shuntd, for a folder that another user owns: just before or after one of the calls
 * with which it creates files, user SWAP_UID replaces SWAP_PATH, a file or a folder, by a link to
 * SWAP_TARGET. SWAP_AT says at which call (1, 2, …); each counts once before and once after. It is
 * done once.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
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
	if (symlink(target, path) < 0 || fchownat(AT_FDCWD, path, (uid_t)atoi(getenv("SWAP_UID")),
	                                          (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0)
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
WRAP(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode))
WRAP(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
WRAP(int, lstat, (const char *path, struct stat *status), (path, status))
WRAP(int, fstatat, (int folder, const char *path, struct stat *status, int flags),
     (folder, path, status, flags))
/* NOLINTEND(bugprone-macro-parentheses) */

/* Only calls that create files or open folders: there are a hundred others. */
static int is_ours(int flags)
{
	return flags & (O_CREAT | O_PATH | O_DIRECTORY);
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & O_CREAT ? va_arg(args, mode_t) : 0;
}

__attribute__((visibility("default"))) int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) =
	        (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	va_list args;
	mode_t mode;
	int fd;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	if (is_ours(flags))
		may_swap();
	fd = real(path, flags, mode);
	if (is_ours(flags))
		may_swap();
	return fd;
}

__attribute__((visibility("default"))) int openat(int folder, const char *path, int flags, ...)
{
	int (*real)(int, const char *, int, ...) =
	        (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
	va_list args;
	mode_t mode;
	int fd;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	if (is_ours(flags))
		may_swap();
	fd = real(folder, path, flags, mode);
	if (is_ours(flags))
		may_swap();
	return fd;
}
