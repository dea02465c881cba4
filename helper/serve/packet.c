#include "serve/packet.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/*
 * Without room for control data, the kernel installs no descriptors of the caller's. That a caller
 * closed before it had read our replies is reported first, once: what it said last is still there.
 */
enum packet_result packet_read(int connection, void *packet, size_t size)
{
	struct iovec vector = { packet, size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	bool reset = false;
	ssize_t n;

	for (;;) {
		n = recvmsg(connection, &message, MSG_DONTWAIT);
		if (n >= 0 || (errno != EINTR && (errno != ECONNRESET || reset)))
			break;
		reset = reset || errno == ECONNRESET;
	}
	if (n < 0)
		return errno == EAGAIN ? PACKET_NONE : PACKET_END;
	if (n == 0)
		return PACKET_END;
	return (size_t)n == size && !(message.msg_flags & MSG_TRUNC) ? PACKET_READ : PACKET_WRONG;
}

bool packet_write(int connection, const void *packet, size_t size)
{
	struct pollfd waiting = { .fd = connection, .events = POLLOUT };
	ssize_t n;

	for (;;) {
		n = send(connection, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			return (size_t)n == size;
		if (poll(&waiting, 1, PACKET_WRITE_MS) <= 0) {
			errno = ETIMEDOUT;
			return false;
		}
	}
}
