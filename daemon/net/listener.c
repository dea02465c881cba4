#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/usage.h"
#include "net/folder.h"

/*
 * A lock file that is removed while it is being opened is opened again, up to this many times: a
 * daemon that exits removes it once.
 */
#define LOCK_TRIES 100

struct listener {
	int fd;
	int lock;
	int folder;   /* the folder of the path; files are created and removed relative to it */
	bool foreign; /* another user could replace a part of the path to that folder */
	char *path;
	char *lock_path;
	const char *name, *lock_name; /* names in that folder; they point into the paths */
	dev_t device;                 /* of the socket that this listener created */
	ino_t inode;
};

struct error {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct error *error, const char *format,
                                                        ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, error->size, format, args);
	va_end(args);
	return -1;
}

/*
 * Reports that the operation `what` failed with errno on `file`, which is `path` or its lock file.
 */
static int refuse_errno(struct error *error, const char *path, const char *file, const char *what)
{
	char folder[PATH_MAX];
	int reason = errno;

	folder_of(path, folder);
	switch (reason) {
	case ENOENT:
		return refuse(error,
		              "%s: the folder %s does not exist; create it or choose another path",
		              path, folder);
	case ENOTDIR:
		return refuse(error, "%s: %s is not a folder; choose another path", path, folder);
	case EACCES:
	case EPERM:
		return refuse(
		        error,
		        "%s: no permission for %s in the folder %s; run as its owner or choose "
		        "another path",
		        path, folder_name_in(file), folder);
	case EROFS:
		return refuse(error, "%s: the folder %s is read-only; choose another path", path,
		              folder);
	case ELOOP:
	case EISDIR:
	case ENXIO:
		return refuse(error,
		              "%s: %s is not a regular file; remove it or choose another path",
		              path, file);
	default:
		return refuse(error, "%s: cannot %s %s: %s%s", path, what, file, strerror(reason),
		              usage_limit_cure(reason));
	}
}

static int refuse_live(struct error *error, const char *path, pid_t pid)
{
	if (pid > 0)
		return refuse(
		        error,
		        "%s: is in use by a live daemon, process %d; stop it or choose another "
		        "path",
		        path, (int)pid);
	return refuse(error, "%s: is in use by a live daemon; stop it or choose another path",
	              path);
}

/* --- the lock --------------------------------------------------------------------------------- */

/* The process ID in the lock file; 0 if there is none. */
static pid_t lock_pid(int lock)
{
	char text[16];
	ssize_t got = pread(lock, text, sizeof(text) - 1, 0);
	long pid;

	if (got <= 0)
		return 0;
	text[got] = '\0';
	pid = strtol(text, NULL, 10);
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

static bool look(const struct listener *listener, const char *name, struct stat *status)
{
	return fstatat(listener->folder, name, status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Returns false if the lock file was removed after it was opened: a lock on it has no effect. */
static bool names_lock(const struct listener *listener, int fd)
{
	struct stat named, held;

	return look(listener, listener->lock_name, &named) && fstat(fd, &held) == 0 &&
	       named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

/* One attempt. Returns the locked file, -1 with `error` filled, or -2 to try again. */
static int try_lock(const struct listener *listener, struct error *error)
{
	int fd = openat(listener->folder, listener->lock_name,
	                O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	struct stat status;
	int result = -1;

	if (fd < 0)
		return refuse_errno(error, listener->path, listener->lock_path, "open");
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		errno = EISDIR;
		refuse_errno(error, listener->path, listener->lock_path, "lock");
	} else if (status.st_nlink > 1) {
		refuse(error, "%s: %s has other names too; remove it or choose another path",
		       listener->path, listener->lock_path);
	} else if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (names_lock(listener, fd))
			return fd;
		result = -2;
	} else if (errno == EWOULDBLOCK) {
		refuse_live(error, listener->path, lock_pid(fd));
	} else {
		refuse_errno(error, listener->path, listener->lock_path, "lock");
	}
	close(fd);
	return result;
}

static int take_lock(struct listener *listener, struct error *error)
{
	int fd = -2;

	for (int i = 0; i < LOCK_TRIES && fd == -2; i++)
		fd = try_lock(listener, error);
	if (fd == -2)
		return refuse(error, "%s: %s is removed again and again; choose another path",
		              listener->path, listener->lock_path);
	if (fd < 0)
		return -1;
	listener->lock = fd;
	/* The process ID is for people and for the message above; only the lock itself counts. */
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		log_debug("%s: cannot write the process number: %s", listener->lock_path,
		          strerror(errno));
	return 0;
}

/* --- an existing file at the path ------------------------------------------------------------- */

static int set_address(const char *path, struct sockaddr_un *address, struct error *error)
{
	size_t length = strlen(path), most = sizeof(address->sun_path) - 1;

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (length > most)
		return refuse(
		        error,
		        "%s: is too long for a socket, %zu characters of at most %zu; choose a "
		        "shorter path",
		        path, length, most);
	memcpy(address->sun_path, path, length);
	return 0;
}

enum with_path { BIND, CONNECT };

static int call_with(int fd, const struct sockaddr_un *address, enum with_path call)
{
	if (call == BIND)
		return bind(fd, (const struct sockaddr *)address, sizeof(*address));
	return connect(fd, (const struct sockaddr *)address, sizeof(*address));
}

/*
 * bind() and connect() accept only a path. If another user could replace a part of it, they are
 * called with a name alone, from within our descriptor of the folder.
 */
static int call_in_folder(const struct listener *listener, int fd,
                          const struct sockaddr_un *address, enum with_path call)
{
	int back, error, result = -1;

	if (!listener->foreign)
		return call_with(fd, address, call);
	back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (back < 0)
		return -1;
	if (fchdir(listener->folder) == 0)
		result = call_with(fd, address, call);
	error = errno;
	if (fchdir(back) < 0)
		log_fatal("cannot return to the working directory: %s", strerror(errno));
	close(back);
	errno = error;
	return result;
}

static pid_t peer_pid(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

/*
 * Only a refused connection means that the daemon is dead; a full backlog or a socket of another
 * type means that it is alive.
 */
static int refuse_if_live(const struct listener *listener, const struct sockaddr_un *address,
                          int type, struct error *error)
{
	const char *path = listener->path;
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int result = 0;

	if (fd < 0)
		return refuse_errno(error, path, path, "make a socket to try");
	if (call_in_folder(listener, fd, address, CONNECT) == 0)
		result = refuse_live(error, path, peer_pid(fd));
	else if (errno == EAGAIN || errno == EPROTOTYPE || errno == EINPROGRESS)
		result = refuse_live(error, path, 0);
	else if (errno != ECONNREFUSED && errno != ENOENT)
		result = refuse_errno(error, path, path, "connect to");
	close(fd);
	return result;
}

static int clear_path(const struct listener *listener, const struct sockaddr_un *address, int type,
                      struct error *error)
{
	const char *path = listener->path;
	struct stat status;

	if (!look(listener, listener->name, &status))
		return errno == ENOENT ? 0 : refuse_errno(error, path, path, "look at");
	if (!S_ISSOCK(status.st_mode))
		return refuse(error, "%s: is not a socket; remove it or choose another path", path);
	if (refuse_if_live(listener, address, type, error) < 0)
		return -1;
	if (unlinkat(listener->folder, listener->name, 0) < 0 && errno != ENOENT)
		return refuse_errno(error, path, path, "replace");
	return 0;
}

/* --- the new socket --------------------------------------------------------------------------- */

/*
 * bind() creates the file with the mode of the descriptor, reduced by the umask, and with this
 * thread's file-system group.
 */
static int bind_as(const struct listener *listener, const struct sockaddr_un *address, mode_t mode,
                   gid_t group)
{
	mode_t mask;
	int own, result;

	if (fchmod(listener->fd, mode) < 0)
		return -1;
	mask = umask(0);
	own = setfsgid(group); /* LISTENER_OWN_GROUP has no effect */
	result = call_in_folder(listener, listener->fd, address, BIND);
	setfsgid((gid_t)own);
	umask(mask);
	return result;
}

static int make_socket(struct listener *listener, const struct sockaddr_un *address, int type,
                       mode_t mode, gid_t group, struct error *error)
{
	const char *path = listener->path;
	struct stat status;

	listener->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return refuse_errno(error, path, path, "make");
	if (bind_as(listener, address, mode, group) < 0)
		return refuse_errno(error, path, path, "make");
	if (!look(listener, listener->name, &status) || !S_ISSOCK(status.st_mode))
		return refuse(error, "%s: was replaced by another process; choose another path",
		              path);
	listener->device = status.st_dev;
	listener->inode = status.st_ino;
	if (type != SOCK_DGRAM && listen(listener->fd, SOMAXCONN) < 0)
		return refuse_errno(error, path, path, "listen on");
	return 0;
}

static int open_folder(struct listener *listener, struct sockaddr_un *address, struct error *error)
{
	char folder[PATH_MAX];

	folder_of(listener->path, folder);
	listener->folder = folder_open(folder, &listener->foreign);
	if (listener->folder < 0 && errno == ELOOP)
		return refuse(error,
		              "%s: the path to the folder %s has a link that root does not own; "
		              "write the path without links",
		              listener->path, folder);
	if (listener->folder < 0)
		return refuse_errno(error, listener->path, listener->lock_path, "open");
	if (listener->foreign)
		snprintf(address->sun_path, sizeof(address->sun_path), "%s", listener->name);
	return 0;
}

struct listener *listener_open(const char *path, int type, mode_t mode, gid_t group, char *text,
                               size_t size)
{
	struct error error = { text, size };
	struct listener *listener;
	struct sockaddr_un address;

	if (set_address(path, &address, &error) < 0)
		return NULL;
	listener = memory_calloc(1, sizeof(*listener));
	listener->fd = -1;
	listener->lock = -1;
	listener->folder = -1;
	listener->path = memory_strdup(path);
	if (asprintf(&listener->lock_path, "%s.lock", path) < 0)
		log_fatal("out of memory");
	listener->name = folder_name_in(listener->path);
	listener->lock_name = folder_name_in(listener->lock_path);
	if (open_folder(listener, &address, &error) == 0 && take_lock(listener, &error) == 0 &&
	    clear_path(listener, &address, type, &error) == 0 &&
	    make_socket(listener, &address, type, mode, group, &error) == 0)
		return listener;
	listener_close(listener);
	return NULL;
}

int listener_fd(const struct listener *listener)
{
	return listener->fd;
}

/*
 * The lock file is removed while it is locked: another daemon that has it open notices the removal.
 */
void listener_close(struct listener *listener)
{
	struct stat status;

	if (!listener)
		return;
	if (listener->inode != 0 && look(listener, listener->name, &status) &&
	    status.st_dev == listener->device && status.st_ino == listener->inode)
		unlinkat(listener->folder, listener->name, 0);
	if (listener->lock >= 0) {
		if (names_lock(listener, listener->lock))
			unlinkat(listener->folder, listener->lock_name, 0);
		close(listener->lock);
	}
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->folder >= 0)
		close(listener->folder);
	free(listener->lock_path);
	free(listener->path);
	free(listener);
}
