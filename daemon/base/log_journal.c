#include "base/log_journal.h"

#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define IDENTIFIER "shuntd"
/* Several times the size of an event; smaller than any socket's buffer. */
#define DATAGRAM_MAX 16384u

struct datagram {
	char bytes[DATAGRAM_MAX];
	size_t length;
};

bool log_journal_is_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

static void put(struct datagram *datagram, const void *bytes, size_t length)
{
	memcpy(datagram->bytes + datagram->length, bytes, length);
	datagram->length += length;
}

/*
 * NAME=value; or, if the value contains newlines, NAME, its length as a 64-bit little-endian
 * number, and the value.
 */
static void put_field(struct datagram *datagram, const char *name, const char *value)
{
	size_t name_length = strlen(name), length = strlen(value);
	size_t around = name_length + sizeof("\n") + sizeof(uint64_t);
	size_t room = sizeof(datagram->bytes) - datagram->length;
	uint64_t size;

	if (room <= around)
		return;
	if (length > room - around)
		length = room - around;
	put(datagram, name, name_length);
	if (memchr(value, '\n', length)) {
		size = htole64(length);
		put(datagram, "\n", 1);
		put(datagram, &size, sizeof(size));
	} else {
		put(datagram, "=", 1);
	}
	put(datagram, value, length);
	put(datagram, "\n", 1);
}

static bool send_to(const char *path, const struct datagram *datagram)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	ssize_t sent = -1;
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	sent = sendto(fd, datagram->bytes, datagram->length, MSG_NOSIGNAL,
	              (const struct sockaddr *)&address, sizeof(address));
	error = errno;
	close(fd);
	errno = error;
	return sent >= 0;
}

bool log_journal_send(const char *path, int priority, const char *text,
                      const struct log_field *fields)
{
	const char digit[] = { (char)('0' + priority), '\0' };
	struct datagram datagram;

	datagram.length = 0;
	put_field(&datagram, "PRIORITY", digit);
	put_field(&datagram, "SYSLOG_IDENTIFIER", IDENTIFIER);
	put_field(&datagram, "MESSAGE", text);
	for (; fields && fields->name; fields++) {
		if (fields->value && *fields->value)
			put_field(&datagram, fields->name, fields->value);
	}
	return send_to(path, &datagram);
}
