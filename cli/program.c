#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEFAULT_PATH "/bin:/usr/bin" /* execvp(3)'s, where PATH is not set */
#define SEGMENTS_MAX 256u            /* program headers that are looked at; linkers make about 13 */

static int executable(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return errno;
	if (S_ISDIR(status.st_mode))
		return EISDIR;
	if (!S_ISREG(status.st_mode))
		return EACCES;
	return access(path, X_OK) < 0 ? errno : 0;
}

/* The first that can be executed wins; else a refusal tells more than an absence. */
static int search(const char *name, char path[PATH_MAX])
{
	const char *folders = getenv("PATH"), *at, *end;
	int worst = ENOENT;

	for (at = folders ? folders : DEFAULT_PATH;; at = end + 1) {
		int error, n;

		end = strchrnul(at, ':');
		n = snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - at), at, end > at ? "/" : "",
		             name);
		error = n < PATH_MAX ? executable(path) : ENAMETOOLONG;
		if (!error)
			return 0;
		if (error == EACCES || error == EISDIR)
			worst = error;
		if (!*end)
			return worst;
	}
}

int program_find(const char *name, char path[PATH_MAX])
{
	if (!*name)
		return ENOENT;
	if (!strchr(name, '/'))
		return search(name, path);
	if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
		return ENAMETOOLONG;
	return executable(path);
}

/* Where the program headers stand, for either width. */
struct segments {
	unsigned long long offset;
	unsigned count, size;
};

static bool read_segments(int fd, struct segments *segments)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} header;
	ssize_t n = pread(fd, &header, sizeof(header), 0);

	if (n < (ssize_t)sizeof(header.narrow) || memcmp(header.ident, ELFMAG, SELFMAG) != 0)
		return false;
	if (header.ident[EI_CLASS] == ELFCLASS64 && n == sizeof(header.wide))
		*segments = (struct segments){ header.wide.e_phoff, header.wide.e_phnum,
			                       header.wide.e_phentsize };
	else if (header.ident[EI_CLASS] == ELFCLASS32)
		*segments = (struct segments){ header.narrow.e_phoff, header.narrow.e_phnum,
			                       header.narrow.e_phentsize };
	else
		return false;
	return true;
}

/* p_type is the first word of a program header in both widths. */
_Static_assert(offsetof(Elf32_Phdr, p_type) == 0 && offsetof(Elf64_Phdr, p_type) == 0, "p_type");

static bool is_static(int fd)
{
	struct segments segments;

	if (!read_segments(fd, &segments))
		return false;
	for (unsigned i = 0; i < segments.count && i < SEGMENTS_MAX; i++) {
		Elf32_Word type;

		if (pread(fd, &type, sizeof(type),
		          (off_t)(segments.offset + (unsigned long long)i * segments.size)) !=
		    sizeof(type))
			return false;
		if (type == PT_INTERP)
			return false;
	}
	return true;
}

/* The loader ignores LD_PRELOAD where executing the file raises privileges (AT_SECURE, ld.so(8)). */
static bool raises_privileges(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	return ((status.st_mode & S_ISUID) && status.st_uid != getuid()) ||
	       ((status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP) &&
	        status.st_gid != getgid()) ||
	       (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0);
}

const char *program_beyond_reach(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why = NULL;

	if (fd < 0)
		return NULL;
	if (raises_privileges(fd))
		why = "it runs with raised privileges (set-user-ID, set-group-ID or capabilities)";
	else if (is_static(fd))
		why = "it is statically linked";
	close(fd);
	return why;
}
