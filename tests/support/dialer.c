/*
 * A program that needs no preloaded library: for each line "KIND ADDRESS PORT" it connects and
 * prints the first message of the server and the peer address reported by getpeername(), or the
 * error.
 *
 * KIND is tcp, mapped (an IPv4 address over an IPv6 socket), udp (nothing is read), mptcp, fastopen
 * or uring. It uses plain system calls, so it can be linked statically with any C library.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

struct goal {
	struct sockaddr_storage address;
	socklen_t length;
};

typedef int connector(int fd, const struct goal *goal); /* 0, or -1 with errno */

static int plainly(int fd, const struct goal *goal)
{
	return connect(fd, (const struct sockaddr *)&goal->address, goal->length);
}

static int with_data(int fd, const struct goal *goal)
{
	ssize_t sent = sendto(fd, "?", 1, MSG_FASTOPEN, (const struct sockaddr *)&goal->address,
	                      goal->length);

	return sent < 0 ? -1 : 0;
}

/* A ring with one entry, created for each connection. */
static int by_uring(int fd, const struct goal *goal)
{
	struct io_uring_params params;
	struct io_uring_sqe *entry;
	struct io_uring_cqe *done;
	unsigned char *ring;
	size_t size;
	int uring, result;

	memset(&params, 0, sizeof(params));
	uring = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (uring < 0)
		return -1;
	size = params.cq_off.cqes + params.cq_entries * sizeof(*done);
	if (size < params.sq_off.array + params.sq_entries * sizeof(unsigned))
		size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, uring, IORING_OFF_SQ_RING);
	entry = mmap(NULL, sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED, uring,
	             IORING_OFF_SQES);
	if (ring == MAP_FAILED || (void *)entry == MAP_FAILED)
		return -1;
	memset(entry, 0, sizeof(*entry));
	entry->opcode = IORING_OP_CONNECT;
	entry->fd = fd;
	entry->addr = (unsigned long)&goal->address;
	entry->off = goal->length;
	*(unsigned *)(void *)(ring + params.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(void *)(ring + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, uring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1;
	done = (struct io_uring_cqe *)(void *)(ring + params.cq_off.cqes);
	result = done->res;
	munmap(ring, size);
	munmap(entry, sizeof(*entry));
	close(uring);
	errno = result < 0 ? -result : 0;
	return result < 0 ? -1 : 0;
}

static const struct kind {
	const char *word;
	int family, type, protocol; /* family 0: that of the address */
	connector *connect;
} kinds[] = {
	{ "tcp", 0, SOCK_STREAM, IPPROTO_TCP, plainly },
	{ "mapped", AF_INET6, SOCK_STREAM, IPPROTO_TCP, plainly },
	{ "udp", 0, SOCK_DGRAM, 0, plainly },
	{ "mptcp", 0, SOCK_STREAM, IPPROTO_MPTCP, plainly },
	{ "fastopen", 0, SOCK_STREAM, IPPROTO_TCP, with_data },
	{ "uring", 0, SOCK_STREAM, IPPROTO_TCP, by_uring },
};

static int parse(const char *text, unsigned port, struct goal *goal)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&goal->address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&goal->address;

	memset(goal, 0, sizeof(*goal));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((unsigned short)port);
		goal->length = sizeof(*four);
		return AF_INET;
	}
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
		exit(64);
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((unsigned short)port);
	goal->length = sizeof(*six);
	return AF_INET6;
}

static void print_peer(int fd)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	char text[INET6_ADDRSTRLEN] = "?";

	if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0)
		inet_ntop(peer.ss_family,
		          peer.ss_family == AF_INET
		                  ? (void *)&((struct sockaddr_in *)&peer)->sin_addr
		                  : (void *)&((struct sockaddr_in6 *)&peer)->sin6_addr,
		          text, sizeof(text));
	printf(" %s\n", text);
}

static void dial(const struct kind *kind, const char *address, unsigned port)
{
	const struct timeval patience = { .tv_sec = 20 };
	struct goal goal;
	int family = parse(address, port, &goal);
	int fd = socket(kind->family ? kind->family : family, kind->type, kind->protocol);
	char text[64];
	ssize_t length = 0;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd >= 0 && kind->connect(fd, &goal) == 0 &&
	    (kind->type != SOCK_STREAM || (length = recv(fd, text, sizeof(text), 0)) >= 0)) {
		printf("%.*s", (int)length, text);
		print_peer(fd);
	} else {
		printf("error %d\n", errno);
	}
	fflush(stdout);
	if (fd >= 0)
		close(fd);
}

int main(void)
{
	char word[16], address[64];
	unsigned port;

	while (scanf("%15s %63s %u", word, address, &port) == 3) {
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			if (strcmp(kinds[i].word, word) == 0)
				dial(&kinds[i], address, port);
		}
	}
	return 0;
}
