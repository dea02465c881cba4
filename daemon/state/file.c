#include "state/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/folder.h"

#define NEW STATE_FILE_NAME ".new"
#define BAD STATE_FILE_NAME ".bad"

#define CURE "; until then nothing survives a restart"

/* --- the folder ------------------------------------------------------------------------------- */

/* Creates the folder with this mode whatever the umask is. */
static int make_folder(int parent, const char *name, uid_t uid, gid_t gid)
{
	int folder;

	if (mkdirat(parent, name, 0700) < 0)
		return -1;
	folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder >= 0 && fchmod(folder, 0700) == 0 &&
	    (uid == geteuid() || fchown(folder, uid, gid) == 0))
		return folder;
	if (folder >= 0)
		close(folder);
	return -1;
}

/*
 * Creates the folder relative to a descriptor of its parent, which may belong to a user other than
 * root.
 */
static int make_below(const char *path, uid_t uid, gid_t gid)
{
	char parent_path[PATH_MAX];
	bool foreign;
	int parent, folder;

	folder_of(path, parent_path);
	parent = folder_open(parent_path, &foreign);
	if (parent < 0)
		return -1;
	folder = make_folder(parent, folder_name_in(path), uid, gid);
	close(parent);
	return folder;
}

/* The folder itself may be a symbolic link made by the administrator. */
static int open_folder(const char *path, uid_t uid, gid_t gid)
{
	bool foreign;
	int held = folder_open(path, &foreign), folder;

	if (held < 0)
		return errno == ENOENT ? make_below(path, uid, gid) : -1;
	folder = openat(held, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(held);
	return folder;
}

static bool is_safe(int folder, uid_t uid, char *error, size_t size)
{
	struct stat status;

	if (fstat(folder, &status) < 0)
		snprintf(error, size, "%s" CURE, strerror(errno));
	else if (status.st_uid != uid)
		snprintf(error, size, "it belongs to uid %u, not to uid %u; chown it" CURE,
		         status.st_uid, uid);
	else if (status.st_mode & 022)
		snprintf(error, size, "others may write to it; chmod go-w it" CURE);
	else if (flock(folder, LOCK_EX | LOCK_NB) < 0)
		snprintf(error, size, "another daemon uses it; give each its own" CURE);
	else
		return true;
	return false;
}

bool state_file_open(struct state_file *file, const char *path, uid_t uid, gid_t gid, char *error,
                     size_t size)
{
	*file = (struct state_file){ .folder = open_folder(path, uid, gid), .file = -1 };
	if (file->folder < 0) {
		snprintf(error, size, "cannot open or make it: %s" CURE, strerror(errno));
		return false;
	}
	if (is_safe(file->folder, uid, error, size))
		return true;
	close(file->folder);
	return false;
}

void state_file_close(struct state_file *file)
{
	if (file->file >= 0)
		close(file->file);
	close(file->folder);
}

/* --- reading ---------------------------------------------------------------------------------- */

static const char *distrust(int fd, struct stat *status)
{
	if (fstat(fd, status) < 0)
		return strerror(errno);
	if (!S_ISREG(status->st_mode))
		return "it is not a regular file";
	if (status->st_uid != geteuid())
		return "it belongs to another user";
	if (status->st_mode & 022)
		return "others may write to it";
	if (status->st_size > STATE_FILE_MAX)
		return "it is too large";
	return NULL;
}

/* Whether the error is a shortage of this process or host, and not a property of the file. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* NULL if the file cannot be read (errno is set) or has changed meanwhile (errno is 0). */
static char *read_whole(int fd, size_t size)
{
	char *text = malloc(size + 1);
	size_t done = 0;

	errno = text ? 0 : ENOMEM;
	while (text && done < size) {
		ssize_t n = read(fd, text + done, size - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == size)
		return text;
	free(text);
	return NULL;
}

int state_file_read(const struct state_file *file, char **text, size_t *size, const char **why)
{
	/* O_NONBLOCK in case it is a FIFO. */
	int fd = openat(file->folder, STATE_FILE_NAME,
	                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status = { .st_size = 0 };
	int error = fd < 0 ? errno : 0;

	if (error == ENOENT)
		return 0;
	if (is_shortage(error))
		return -2;
	*why = fd >= 0 ? distrust(fd, &status) : error == ELOOP ? "it is a link" : strerror(error);
	*text = NULL;
	if (!*why) {
		*size = (size_t)status.st_size;
		*text = read_whole(fd, *size);
		error = *text ? 0 : errno;
		*why = "it cannot be read";
	}
	if (fd >= 0)
		close(fd);
	errno = error;
	return *text ? 1 : is_shortage(error) ? -2 : -1;
}

int state_file_set_aside(const struct state_file *file)
{
	return renameat(file->folder, STATE_FILE_NAME, file->folder, BAD) == 0 ? 0 : errno;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int write_whole(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0)
			return errno;
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) == 0 ? 0 : errno;
}

static int put_in_place(const struct state_file *file)
{
	if (renameat(file->folder, NEW, file->folder, STATE_FILE_NAME) < 0)
		return errno;
	return fsync(file->folder) == 0 ? 0 : errno;
}

int state_file_write(struct state_file *file, const char *text, size_t size)
{
	int fd, error;

	unlinkat(file->folder, NEW, 0); /* left by a daemon that was killed */
	fd = openat(file->folder, NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	error = write_whole(fd, text, size);
	if (error == 0)
		error = put_in_place(file);
	if (error) {
		close(fd);
		unlinkat(file->folder, NEW, 0);
		return error;
	}
	if (file->file >= 0)
		close(file->file);
	file->file = fd;
	return 0;
}

int state_file_stamp(const struct state_file *file, const char *text, size_t size, off_t offset)
{
	if (file->file < 0)
		return 0;
	return pwrite(file->file, text, size, offset) == (ssize_t)size ? 0 : errno;
}
