#include "net/seqpacket.h"

#include <errno.h>
#include <sys/socket.h>

ssize_t seqpacket_read(int fd, void *packet, size_t size)
{
	ssize_t n = recv(fd, packet, size, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && errno == ECONNRESET)
		n = recv(fd, packet, size, MSG_DONTWAIT | MSG_TRUNC);
	return n;
}
