#include "probe/kind/icmp.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <linux/errqueue.h> /* needs time.h */

#include "base/address.h"
#include "net/own.h"

/* A message of the queue: the error, and the sender's address that follows it. */
struct report {
	struct sock_extended_err error;
	struct sockaddr_in6 sender; /* large enough for either family */
};

static bool is_report(const struct cmsghdr *header)
{
	return (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
	       (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR);
}

static bool take_report(const struct cmsghdr *header, struct report *report)
{
	size_t size = header->cmsg_len - CMSG_LEN(0);

	if (!is_report(header) || size < sizeof(report->error) + sizeof(struct sockaddr_in))
		return false;
	memset(report, 0, sizeof(*report));
	memcpy(report, CMSG_DATA(header), size < sizeof(*report) ? size : sizeof(*report));
	return report->error.ee_origin == SO_EE_ORIGIN_ICMP ||
	       report->error.ee_origin == SO_EE_ORIGIN_ICMP6;
}

/* IPv6 alone needs the option. */
static void set_listening(int fd, int on)
{
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

void icmp_listen(int fd)
{
	set_listening(fd, 1);
}

void icmp_deafen(int fd)
{
	set_listening(fd, 0);
}

enum icmp_sender icmp_sender(int fd)
{
	char packet[64], control[256];
	struct iovec data = { packet, sizeof(packet) };
	struct msghdr message = { .msg_iov = &data,
		                  .msg_iovlen = 1,
		                  .msg_control = control,
		                  .msg_controllen = sizeof(control) };
	struct report report;
	struct address sender;

	if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return ICMP_NONE;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header)) {
		if (take_report(header, &report) &&
		    address_from_sockaddr((const struct sockaddr *)&report.sender, &sender))
			return own_address(&sender) ? ICMP_OWN : ICMP_BEYOND;
	}
	return ICMP_NONE;
}
