#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Returns the number of bytes read, which is more than `max` if the file is larger; -1 with errno
 * on failure.
 */
static ssize_t read_whole(int fd, char *bytes, size_t max)
{
	size_t length = 0;
	ssize_t n;

	while (length <= max) {
		n = read(fd, bytes + length, max + 1 - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	return (ssize_t)length;
}

enum demand { ANY, SECRET, TRUSTED };

static const char *wrong_owner(const struct stat *status, enum demand demand)
{
	if (demand == SECRET && status->st_mode & S_IRWXO)
		return "it is open to every user, which chmod o= ends";
	if (demand == TRUSTED && status->st_uid != 0)
		return "it does not belong to root";
	if (demand == TRUSTED && status->st_mode & (S_IWGRP | S_IWOTH))
		return "others than root may write to it, which chmod go-w ends";
	return NULL;
}

static const char *wrong_kind(const struct stat *status, size_t max, enum demand demand)
{
	if (S_ISDIR(status->st_mode))
		return "it is a folder";
	if (!S_ISREG(status->st_mode))
		return "it is not a regular file";
	if ((uintmax_t)status->st_size > max)
		return "it is too large";
	return wrong_owner(status, demand);
}

/*
 * A file that grows while it is read is rejected as too large: the buffer is sized for its initial
 * size.
 */
static char *read_fd(int fd, size_t size, size_t *length, const char **why)
{
	char *bytes = malloc(size + 2);
	ssize_t n;

	if (!bytes) {
		*why = strerror(errno);
		return NULL;
	}
	n = read_whole(fd, bytes, size);
	if (n >= 0 && (size_t)n <= size) {
		bytes[n] = '\0';
		*length = (size_t)n;
		return bytes;
	}
	if (n >= 0)
		errno = 0;
	*why = n < 0 ? strerror(errno) : "it grows while it is read";
	free(bytes);
	return NULL;
}

static char *read_file(const char *path, size_t max, enum demand demand, size_t *length,
                       const char **why)
{
	/* O_NONBLOCK, so that opening a FIFO does not block. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	char *bytes = NULL;

	if (fd < 0) {
		*why = strerror(errno);
		return NULL;
	}
	errno = 0;
	*why = fstat(fd, &status) < 0 ? strerror(errno) : wrong_kind(&status, max, demand);
	if (!*why)
		bytes = read_fd(fd, (size_t)status.st_size, length, why);
	close(fd);
	return bytes;
}

char *config_file_read(const char *path, size_t max, size_t *length, const char **why)
{
	return read_file(path, max, ANY, length, why);
}

char *config_file_read_secret(const char *path, size_t max, size_t *length, const char **why)
{
	return read_file(path, max, SECRET, length, why);
}

char *config_file_read_trusted(const char *path, size_t max, size_t *length, const char **why)
{
	return read_file(path, max, TRUSTED, length, why);
}
