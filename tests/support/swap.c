/*
 * Preloaded into shuntd, for directories owned by another user. Just before or after a call that
 * takes a path (or changes a file just created), user SWAP_UID replaces SWAP_PATH, a file or a
 * directory, by a link to SWAP_TARGET. SWAP_AT is the number of the call (1, 2, …); each call
 * counts twice, once before and once after. Calls with an absolute path outside the directory do
 * not count: a swap there has the same effect as at the next call that counts. The swap is done
 * once.
 *
 * test_hostile_folder.py checks the list of calls against the functions that shuntd imports.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <unistd.h>

static int calls;

/*
 * True for a relative path, a path in the directory of SWAP_PATH or below a descriptor, and a call
 * without a path (NULL).
 */
static int is_ours(const char *path)
{
	const char *swapped = getenv("SWAP_PATH");
	const char *slash = swapped ? strrchr(swapped, '/') : NULL;

	if (!path || path[0] != '/' || strncmp(path, "/proc/self/fd/", 14) == 0)
		return 1;
	return slash && strncmp(path, swapped, (size_t)(slash - swapped)) == 0;
}

static const char *path_of(const struct sockaddr *address)
{
	return address->sa_family == AF_UNIX ? ((const struct sockaddr_un *)address)->sun_path
	                                     : "/";
}

static void may_swap(const char *call_path)
{
	const char *at = getenv("SWAP_AT"), *path = getenv("SWAP_PATH");
	const char *target = getenv("SWAP_TARGET");
	char aside[4096];

	if (!at || !path || !target || !is_ours(call_path) || ++calls != atoi(at))
		return;
	snprintf(aside, sizeof(aside), "%s.aside", path);
	rename(path, aside);
	if (symlink(target, path) < 0 || fchownat(AT_FDCWD, path, (uid_t)atoi(getenv("SWAP_UID")),
	                                          (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0)
		perror("swap");
}

/* NOLINTBEGIN(bugprone-macro-parentheses): types and lists of parameters */
#define WRAP(type, name, parameters, arguments, path)                                              \
	__attribute__((visibility("default"))) type name parameters                                \
	{                                                                                          \
		type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);              \
		type result;                                                                       \
                                                                                                   \
		may_swap(path);                                                                    \
		result = real arguments;                                                           \
		may_swap(path);                                                                    \
		return result;                                                                     \
	}

WRAP(int, bind, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size),
     path_of(address))
WRAP(int, connect, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size),
     path_of(address))
WRAP(int, listen, (int fd, int backlog), (fd, backlog), NULL)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), NULL)
WRAP(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), NULL)
WRAP(int, flock, (int fd, int operation), (fd, operation), NULL)
WRAP(int, ftruncate, (int fd, off_t length), (fd, length), NULL)
WRAP(int, fchdir, (int fd), (fd), NULL)
WRAP(int, access, (const char *path, int mode), (path, mode), path)
WRAP(int, chdir, (const char *path), (path), path)
WRAP(int, rmdir, (const char *path), (path), path)
WRAP(int, stat, (const char *path, struct stat *status), (path, status), path)
WRAP(int, statfs, (const char *path, struct statfs *status), (path, status), path)
WRAP(char *, realpath, (const char *path, char *resolved), (path, resolved), path)
WRAP(ssize_t, readlink, (const char *path, char *text, size_t size), (path, text, size), path)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), path)
WRAP(int, execv, (const char *path, char *const argv[]), (path, argv), path)
WRAP(int, execve, (const char *path, char *const argv[], char *const env[]), (path, argv, env),
     path)
WRAP(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), path)
WRAP(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags), path)
WRAP(int, renameat, (int from, const char *old, int to, const char *path), (from, old, to, path),
     path)
WRAP(ssize_t, readlinkat, (int folder, const char *path, char *text, size_t size),
     (folder, path, text, size), path)
WRAP(int, fstatat, (int folder, const char *path, struct stat *status, int flags),
     (folder, path, status, flags), path)
/* NOLINTEND(bugprone-macro-parentheses) */

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
	may_swap(path);
	fd = real(path, flags, mode);
	may_swap(path);
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
	may_swap(path);
	fd = real(folder, path, flags, mode);
	may_swap(path);
	return fd;
}
