#include "connection/look.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define SYN_SENT                                                                                   \
	2 /* tcpi_state: TCP_SYN_SENT of netinet/tcp.h, which does not go with linux/tcp.h */

enum outcome { PENDING, CONNECTED, FAILED };

static enum outcome watch(int fd, int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	if (poll(&pollfd, 1, ms) <= 0)
		return PENDING;
	return pollfd.revents & (POLLERR | POLLHUP) ? FAILED : CONNECTED;
}

bool look_has_error(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	return poll(&pollfd, 1, 0) > 0 && pollfd.revents & POLLERR;
}

static bool is_answered(int fd)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       info.tcpi_state == SYN_SENT && info.tcpi_segs_in > 0;
}

bool look_sees_failure(int fd, bool in_doubt)
{
	enum outcome outcome = watch(fd, in_doubt ? LOOK_MS : 0);

	if (outcome == PENDING && is_answered(fd))
		outcome = watch(fd, LOOK_AGAIN_MS);
	return outcome == FAILED;
}
