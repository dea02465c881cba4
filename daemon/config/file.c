#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

static const char *wrong_kind(const struct stat *status, size_t max, bool secret)
{
	if (S_ISDIR(status->st_mode))
		return "it is a folder";
	if (!S_ISREG(status->st_mode))
		return "it is not a regular file";
	if ((uintmax_t)status->st_size > max)
		return "it is too large";
	if (secret && status->st_mode & S_IRWXO)
		return "it is open to every user, which chmod o= ends";
	return NULL;
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
	*why = n < 0 ? strerror(errno) : "it grows while it is read";
	free(bytes);
	return NULL;
}

static char *read_file(const char *path, size_t max, bool secret, size_t *length, const char **why)
{
	/* O_NONBLOCK, so that opening a FIFO does not block. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	char *bytes = NULL;

	if (fd < 0) {
		*why = strerror(errno);
		return NULL;
	}
	*why = fstat(fd, &status) < 0 ? strerror(errno) : wrong_kind(&status, max, secret);
	if (!*why)
		bytes = read_fd(fd, (size_t)status.st_size, length, why);
	close(fd);
	return bytes;
}

char *config_file_read(const char *path, size_t max, size_t *length, const char **why)
{
	return read_file(path, max, false, length, why);
}

char *config_file_read_secret(const char *path, size_t max, size_t *length, const char **why)
{
	return read_file(path, max, true, length, why);
}
