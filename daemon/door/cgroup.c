#include "door/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * The second is systemd's place for it beside the controllers of version 1 (its "hybrid" hierarchy).
 */
const char *cgroup_root(void)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs filesystem;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (statfs(places[i], &filesystem) == 0 && filesystem.f_type == CGROUP2_SUPER_MAGIC)
			return places[i];
	}
	return NULL;
}

bool cgroup_holds(const char *cgroup, const char *inside)
{
	size_t length = strlen(cgroup);

	while (length > 0 && cgroup[length - 1] == '/')
		length--;
	return strncmp(cgroup, inside, length) == 0 &&
	       (inside[length] == '\0' || inside[length] == '/');
}

/* proc(5), cgroups(7): "0::" and the path from the root of the reader's cgroup namespace. */
bool cgroup_of_text(const char *text, char path[CGROUP_PATH_MAX])
{
	const char *line = text;
	size_t length;

	while (strncmp(line, "0::/", 4) != 0) {
		line = strchr(line, '\n');
		if (!line)
			return false;
		line++;
	}
	line += 3;
	length = strcspn(line, "\n");
	if (length >= CGROUP_PATH_MAX)
		return false;
	memcpy(path, line, length);
	path[length] = '\0';
	return true;
}

bool cgroup_of_process(pid_t pid, char path[CGROUP_PATH_MAX])
{
	char name[64], text[4 * CGROUP_PATH_MAX];
	ssize_t length;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length < 0)
		return false;
	text[length] = '\0';
	return cgroup_of_text(text, path);
}

int cgroup_open(const char *root, const char *path, uint64_t *id)
{
	char name[CGROUP_PATH_MAX + 64];
	struct statfs filesystem;
	struct stat folder;
	int fd;

	if (snprintf(name, sizeof(name), "%s%s", root, path) >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstatfs(fd, &filesystem) != 0 || fstat(fd, &folder) != 0 ||
	    filesystem.f_type != CGROUP2_SUPER_MAGIC) {
		close(fd);
		errno = EMEDIUMTYPE;
		return -1;
	}
	*id = folder.st_ino;
	return fd;
}

size_t cgroup_existing(const char *root, const char *path)
{
	char name[CGROUP_PATH_MAX + 64];
	size_t prefix = strlen(root), length = strlen(path);

	if (prefix + length >= sizeof(name))
		return 0;
	snprintf(name, sizeof(name), "%s%s", root, path);
	while (length > 0 && access(name, F_OK) != 0) {
		while (length > 0 && path[length - 1] != '/')
			length--;
		length -= length > 0; /* the slash */
		name[prefix + length] = '\0';
	}
	return length;
}
