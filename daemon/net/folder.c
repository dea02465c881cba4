#include "net/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define LINKS_MAX 40 /* same limit as in the kernel */

struct walk {
	int fd;              /* the folder reached so far */
	char rest[PATH_MAX]; /* the remaining path from there */
	unsigned links;
	bool foreign;
};

void folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	if (!slash)
		snprintf(folder, PATH_MAX, ".");
	else
		snprintf(folder, PATH_MAX, "%.*s", length ? (int)length : 1, path);
}

const char *folder_name_in(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool fail(int error)
{
	errno = error;
	return false;
}

static void step(struct walk *walk, int fd, const struct stat *status)
{
	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = fd;
	if (status->st_uid != 0 || status->st_mode & 022)
		walk->foreign = true;
}

static bool enter_root(struct walk *walk)
{
	struct stat status;
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) < 0)
		return false;
	step(walk, fd, &status);
	return true;
}

/*
 * `link` is a descriptor of the link itself, so that owner and target are those of the same link.
 */
static bool follow(struct walk *walk, int link, const struct stat *status)
{
	char text[PATH_MAX], joined[PATH_MAX];
	ssize_t length = readlinkat(link, "", text, sizeof(text));

	if (length < 0)
		return false;
	if (status->st_uid != 0 || ++walk->links > LINKS_MAX)
		return fail(ELOOP);
	if (snprintf(joined, sizeof(joined), "%.*s/%s", (int)length, text, walk->rest) >=
	    (int)sizeof(joined))
		return fail(ENAMETOOLONG);
	memcpy(walk->rest, joined, sizeof(joined));
	return text[0] != '/' || enter_root(walk);
}

/* Removes the first component from the remaining path. Returns false if there is none. */
static bool next_name(struct walk *walk, char name[PATH_MAX])
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(start, "/");

	memcpy(name, start, length);
	name[length] = '\0';
	memmove(walk->rest, start + length, strlen(start + length) + 1);
	return length > 0;
}

static bool go(struct walk *walk, const char *name)
{
	int fd = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	bool ok = false;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		step(walk, fd, &status);
		return true;
	}
	if (S_ISLNK(status.st_mode))
		ok = follow(walk, fd, &status);
	else
		fail(ENOTDIR);
	close(fd);
	return ok;
}

int folder_open(const char *path, bool *foreign)
{
	struct walk walk = { .fd = -1 };
	char name[PATH_MAX];
	bool ok;

	*foreign = false;
	if (geteuid() != 0)
		return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (snprintf(walk.rest, sizeof(walk.rest), "%s", path) >= (int)sizeof(walk.rest)) {
		fail(ENAMETOOLONG);
		return -1;
	}
	ok = path[0] == '/' ? enter_root(&walk) : go(&walk, ".");
	while (ok && next_name(&walk, name))
		ok = go(&walk, name);
	*foreign = walk.foreign;
	if (ok)
		return walk.fd;
	if (walk.fd >= 0)
		close(walk.fd);
	return -1;
}
