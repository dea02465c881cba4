#include "net/received.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* libc's struct tcp_info of Debian 12 ends before this member. */
#define LEAST (offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(__u64))

bool received_any(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && size >= LEAST &&
	       info.tcpi_bytes_received > 0;
}
