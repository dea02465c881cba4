/*
 * An endpoint for the benchmarks, or any number of them: accepts, and answers HTTP requests with
 * 200, and closes if asked to.
 *
 *   endpoint ADDRESS PORT [syn]
 *
 * Prints one line per connection, "ADDRESS MICROSECONDS": its destination address, and when it was
 * accepted (CLOCK_MONOTONIC). With 0.0.0.0 in a network namespace it acts as many endpoints, one
 * for each address of 127.0.0.0/8. Ends when the reader of its output has closed it.
 *
 * With "syn" a line is printed for each SYN to the port that the interface receives, and when that
 * was: a prober that ends a connection before its handshake is complete is never accepted. It needs
 * CAP_NET_RAW. Such packets are read every SYN_POLL_MS, so that their sender, to whose CPU time a
 * wakeup would be charged on loopback, wakes nobody.
 *
 * SIGKILL makes it refuse. SIGUSR1 makes it a black hole: a filter on its socket drops every
 * packet, so that nothing is refused and nothing is answered, and existing connections get no more
 * data.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netpacket/packet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define BACKLOG 4096
#define SYN_POLL_MS 2
#define SYN_BUFFER (64 << 20) /* bytes of packets between two polls */

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static int listener;
static int sniffer = -1;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int listen_on(const char *address, const char *port)
{
	struct sockaddr_in place = { .sin_family = AF_INET,
		                     .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int one = 1;

	if (fd < 0 || inet_pton(AF_INET, address, &place.sin_addr) != 1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&place, sizeof(place)) < 0 || listen(fd, BACKLOG) < 0)
		err(1, "%s:%s", address, port);
	return fd;
}

static void fall_silent(int signal_number)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = { .len = 1, .filter = &drop };

	(void)signal_number;
	if (setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		_exit(1);
	for (;;)
		pause();
}

/* SYNs without ACK to the port; a packet socket of SOCK_DGRAM sees them from the IP header on. */
static int sniff(uint16_t port)
{
	struct sock_filter syn_to_port[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9), /* protocol */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 6),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12), /* SYN, ACK */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, sizeof(struct iphdr)),
	};
	const struct sock_fprog program = { .len = sizeof(syn_to_port) / sizeof(*syn_to_port),
		                            .filter = syn_to_port };
	const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int size = SYN_BUFFER, one = 1;
	const struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0 ||
	    bind(fd, (const struct sockaddr *)&all, sizeof(all)) < 0)
		err(1, "packet socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

/* The kernel's stamp is of the wall clock; `offset_us` less than CLOCK_MONOTONIC. */
static uint64_t stamp_us(struct msghdr *message, uint64_t offset_us)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	struct timespec t;

	if (!control || control->cmsg_type != SO_TIMESTAMPNS)
		errx(1, "a packet without a time");
	memcpy(&t, CMSG_DATA(control), sizeof(t));
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 - offset_us;
}

static uint64_t clock_offset_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 - now_us();
}

static void read_syns(void)
{
	const uint64_t offset_us = clock_offset_us();
	char control[CMSG_SPACE(sizeof(struct timespec))], text[INET_ADDRSTRLEN];
	struct iphdr ip;
	struct iovec part = { &ip, sizeof(ip) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };

	while (message.msg_controllen = sizeof(control), recvmsg(sniffer, &message, 0) > 0)
		printf("%s %" PRIu64 "\n", inet_ntop(AF_INET, &ip.daddr, text, sizeof(text)),
		       stamp_us(&message, offset_us));
}

static void watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	/* Not every kind of output can be watched. */
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 && errno != EPERM)
		err(1, "epoll_ctl");
}

static void arrived(int epoll)
{
	struct sockaddr_in own;
	socklen_t size = sizeof(own);
	char text[INET_ADDRSTRLEN];
	/* The peer's address is not queried: a peer that has reset the connection has none. */
	const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (sniffer < 0 && getsockname(fd, (struct sockaddr *)&own, &size) == 0)
		printf("%s %" PRIu64 "\n", inet_ntop(AF_INET, &own.sin_addr, text, sizeof(text)),
		       now_us());
	watch(epoll, fd, EPOLLIN);
}

/* As HAProxy and the daemon ask for; they write it differently. */
static bool wants_close(const char *request, size_t size)
{
	static const char line[] = "onnection: close";

	return memmem(request, size, line, sizeof(line) - 1) != NULL;
}

static void answer_request(int fd, bool last)
{
	send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	if (last)
		close(fd);
}

/* A request without a body, as probes send it, arrives in one piece. */
static void serve(int fd)
{
	char request[4096];
	const ssize_t size = read(fd, request, sizeof(request));

	if (size <= 0)
		close(fd);
	else if (size >= 4 && memcmp(request + size - 4, "\r\n\r\n", 4) == 0)
		answer_request(fd, wants_close(request, (size_t)size));
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX];
	const int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "syn") != 0))
		errx(64, "usage: endpoint ADDRESS PORT [syn]");
	if (epoll < 0)
		err(1, "epoll_create1");
	listener = listen_on(argv[1], argv[2]);
	if (argc == 4)
		sniffer = sniff((uint16_t)strtoul(argv[2], NULL, 10));
	signal(SIGUSR1, fall_silent);
	watch(epoll, listener, EPOLLIN);
	watch(epoll, STDOUT_FILENO, 0);
	for (;;) {
		const int count =
		        epoll_wait(epoll, events, EVENTS_MAX, sniffer < 0 ? -1 : SYN_POLL_MS);

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == STDOUT_FILENO)
				return 0;
			if (events[i].data.fd == listener)
				arrived(epoll);
			else
				serve(events[i].data.fd);
		}
		if (sniffer >= 0)
			read_syns();
		fflush(stdout);
	}
}
