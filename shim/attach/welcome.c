#include "attach/welcome.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "attach/attempt.h"
#include "core/settings.h"
#include "core/tick.h"
#include "shunt/table.h"

#define CONNECT_PAUSE_MS 2 /* the daemon's backlog is full */

/* Returns false if the deadline has passed. */
static bool wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	int64_t left;

	while ((left = deadline - tick_ms()) > 0) {
		if (poll(&pollfd, 1, (int)left) > 0)
			return true;
	}
	return false;
}

static enum welcome_result connect_to(int fd, int64_t deadline)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	_Static_assert(sizeof(address.sun_path) == SETTINGS_SOCKET_MAX, "a path fits");
	if (!settings_socket(address.sun_path))
		return WELCOME_ABSENT;
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		if (errno == EISCONN)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return WELCOME_ABSENT;
		if (tick_ms() >= deadline)
			return WELCOME_TIMEOUT;
		poll(NULL, 0, CONNECT_PAUSE_MS);
	}
	return WELCOME_TABLE;
}

static enum welcome_result say_hello(int fd, uint32_t nonce, int64_t deadline)
{
	struct shunt_hello hello = {
		.magic = SHUNT_HELLO_MAGIC,
		.size = sizeof(hello),
		.version_min = SHUNT_TABLE_VERSION,
		.version_max = SHUNT_TABLE_VERSION,
		.nonce = nonce,
	};
	struct iovec iov = { .iov_base = &hello, .iov_len = sizeof(hello) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	while (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return WELCOME_ABSENT;
		if (!wait_for(fd, POLLOUT, deadline))
			return WELCOME_TIMEOUT;
	}
	return WELCOME_TABLE;
}

/* The only descriptor of a message, or -1; if there are more, all are closed. */
static int take_descriptor(struct msghdr *message)
{
	bool refuse = message->msg_flags & (MSG_CTRUNC | MSG_TRUNC);
	int kept = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (kept >= 0) {
				refuse = true;
				close(fd);
			} else {
				kept = fd;
			}
		}
	}
	if (refuse && kept >= 0) {
		close(kept);
		kept = -1;
	}
	return kept;
}

/*
 * Returns false and sets errno if there is no message. `table`: the descriptor received with it, or
 * -1.
 */
static bool receive(int fd, struct shunt_welcome *welcome, size_t *size, int *table)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	union {
		struct shunt_welcome known;
		char bytes[SHUNT_MESSAGE_MAX];
	} buffer;
	struct iovec iov = { .iov_base = &buffer, .iov_len = sizeof(buffer) };
	struct msghdr message = { .msg_iov = &iov,
		                  .msg_iovlen = 1,
		                  .msg_control = &control,
		                  .msg_controllen = sizeof(control) };
	ssize_t n;

	memset(&buffer, 0, sizeof(buffer));
	n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return false;
	*size = (size_t)n;
	*welcome = buffer.known;
	*table = take_descriptor(&message);
	return true;
}

bool welcome_check(const struct shunt_welcome *welcome, size_t size, uint32_t nonce)
{
	return size >= sizeof(*welcome) && size <= SHUNT_MESSAGE_MAX &&
	       welcome->magic == SHUNT_WELCOME_MAGIC && welcome->size >= sizeof(*welcome) &&
	       welcome->size <= size && welcome->status == SHUNT_STATUS_OK &&
	       welcome->nonce == nonce && welcome->version == SHUNT_TABLE_VERSION &&
	       welcome->table_size == SHUNT_TABLE_SIZE;
}

static enum welcome_result await_welcome(int fd, uint32_t nonce, int64_t deadline, int *table,
                                         bool *settled)
{
	struct shunt_welcome welcome;
	size_t size = 0;

	do {
		if (!wait_for(fd, POLLIN, deadline))
			return WELCOME_TIMEOUT;
		errno = 0;
	} while (!receive(fd, &welcome, &size, table) && (errno == EAGAIN || errno == EINTR));
	*table = attempt_hold(*table);
	if (!welcome_check(&welcome, size, nonce) || *table < 0)
		return WELCOME_ABSENT;
	*settled = welcome.flags & SHUNT_WELCOME_SETTLED;
	return WELCOME_TABLE;
}

enum welcome_result welcome_ask(int *table, bool *settled)
{
	int64_t deadline = tick_ms() + SHUNT_ATTACH_MS;
	uint32_t nonce = (uint32_t)deadline ^ (uint32_t)(uintptr_t)&deadline;
	int fd = attempt_hold(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	enum welcome_result result;

	*table = -1;
	if (fd < 0)
		return WELCOME_ABSENT;
	result = connect_to(fd, deadline);
	if (result == WELCOME_TABLE)
		result = say_hello(fd, nonce, deadline);
	if (result == WELCOME_TABLE)
		result = await_welcome(fd, nonce, deadline, table, settled);
	return result;
}
