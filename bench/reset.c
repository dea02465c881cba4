/*
 * How long it takes to find and reset 10 connections among 20,000 sockets: with the kernel's filter,
 * as shunt-reset does it, and by reading the whole list and choosing here, side by side. As root, in
 * a network namespace of its own:
 *
 *     unshare -n build/bench/reset [ROUNDS [SOCKETS]]
 *
 * Prints medians in milliseconds. Ends with status 1 if a connection was touched that was not meant.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "reset/answer.h"
#include "reset/diag.h"

#include "shunt/table.h"

#define LOST 10
#define PORT 5432
#define BACKLOG 4000 /* below somaxconn */
#define ROUNDS_MAX 1001

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

/* --- connections ------------------------------------------------------------------------------ */

static struct sockaddr_in place(unsigned host)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		                     .sin_port = htons(PORT),
		                     .sin_addr.s_addr = htonl(0x7f010001u + host) };
}

static int listen_at(unsigned host)
{
	const struct sockaddr_in address = place(host);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		fail("listen");
	return fd;
}

static int connect_to(unsigned host)
{
	const struct sockaddr_in address = place(host);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		fail("connect");
	return fd;
}

static bool is_whole(int fd)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       info.tcpi_state == TCP_ESTABLISHED;
}

/* A namespace of its own has no loopback at first. */
static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		fail("lo");
	close(fd);
}

/* Both ends of a connection are sockets; nobody accepts them. */
static int *make_others(size_t count)
{
	int *others = calloc(count, sizeof(*others));

	if (!others)
		fail("memory");
	for (size_t i = 0; i < count; i++) {
		if (i % BACKLOG == 0)
			listen_at(100 + (unsigned)(i / BACKLOG));
		others[i] = connect_to(100 + (unsigned)(i / BACKLOG));
	}
	return others;
}

/* --- the two ways ----------------------------------------------------------------------------- */

static void find_filtered(struct diag *diag, struct snapshot *out)
{
	const struct address peer = { .family = SHUNT_FAMILY_IPV4, .byte = { 127, 1, 0, 1 } };
	const uint16_t port = PORT;

	if (!diag_find(diag, &(struct diag_peer){ &peer, &port, 1 }, out))
		fail("diag_find");
}

static void choose(const struct answer_message *message, struct snapshot *out)
{
	const struct inet_diag_sockid *id = &message->socket.id;

	if (id->idiag_dport == htons(PORT) && id->idiag_dst[0] == htonl(0x7f010001u) &&
	    message->socket.idiag_inode)
		snapshot_add(out, AF_INET, id);
}

static void find_unfiltered(struct diag *diag, struct snapshot *out)
{
	_Alignas(struct nlmsghdr) static uint8_t buffer[65536];
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 wanted;
	} ask = { .head = { .nlmsg_len = sizeof(ask),
		            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		  .wanted = { .sdiag_family = AF_INET,
		              .sdiag_protocol = IPPROTO_TCP,
		              .idiag_states = 1u << TCP_ESTABLISHED } };
	struct answer_message message = { .kind = ANSWER_SOCKET };

	if (send(diag->fd, &ask, sizeof(ask), 0) < 0)
		fail("send");
	while (message.kind == ANSWER_SOCKET) {
		const uint8_t *data = buffer;
		ssize_t n = recv(diag->fd, buffer, sizeof(buffer), 0);
		size_t left = n > 0 ? (size_t)n : 0;

		if (n <= 0)
			fail("recv");
		while (answer_next(&data, &left, &message) && message.kind == ANSWER_SOCKET)
			choose(&message, out);
	}
}

/* --- rounds ----------------------------------------------------------------------------------- */

struct way {
	const char *name;
	void (*find)(struct diag *diag, struct snapshot *out);
	double ms[ROUNDS_MAX], cpu_ms[ROUNDS_MAX];
};

static double cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void run(struct diag *diag, struct way *way, int round)
{
	struct snapshot found = { .entries = NULL };
	struct diag_result result = { 0 };
	int lost[LOST];
	double cpu;
	uint64_t begin;

	for (int i = 0; i < LOST; i++)
		lost[i] = connect_to(0);
	cpu = cpu_now();
	begin = clock_us();
	way->find(diag, &found);
	if (!diag_destroy(diag, found.entries, found.count, &result))
		fail("diag_destroy");
	way->ms[round] = (double)(clock_us() - begin) / 1000;
	way->cpu_ms[round] = cpu_now() - cpu;
	if (result.reset != LOST) {
		fprintf(stderr, "%s: %zu of %d were reset\n", way->name, result.reset, LOST);
		exit(1);
	}
	for (int i = 0; i < LOST; i++)
		close(lost[i]);
	snapshot_free(&found);
}

static int compare(const void *a, const void *b)
{
	const double one = *(const double *)a, other = *(const double *)b;

	return (one > other) - (one < other);
}

static void check(const int *others, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_whole(others[i])) {
			fprintf(stderr, "connection %zu was touched\n", i);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	static struct way ways[] = { { .name = "filtered", .find = find_filtered },
		                     { .name = "unfiltered", .find = find_unfiltered } };
	const int rounds = argc > 1 ? atoi(argv[1]) : 21;
	const size_t sockets = argc > 2 ? (size_t)atol(argv[2]) : 20000;
	struct rlimit limit;
	struct diag diag;
	int *others;

	if (rounds < 1 || rounds > ROUNDS_MAX || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		fail("rounds");
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_cur < sockets / 2 + 100 || setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fail("descriptors: raise the hard limit");
	raise_loopback();
	listen_at(0);
	others = make_others(sockets / 2);
	if (!diag_open(&diag, 0))
		fail("diag_open");
	for (int i = 0; i < rounds; i++) {
		for (size_t w = 0; w < 2; w++)
			run(&diag, &ways[w], i);
	}
	check(others, sockets / 2);
	printf("%d of %zu sockets found and reset, median of %d rounds (smallest, largest):\n",
	       LOST, sockets, rounds);
	for (size_t w = 0; w < 2; w++) {
		qsort(ways[w].ms, (size_t)rounds, sizeof(double), compare);
		qsort(ways[w].cpu_ms, (size_t)rounds, sizeof(double), compare);
		printf("  %-10s %7.2f ms  (%.2f, %.2f); of the processor %.2f ms\n", ways[w].name,
		       ways[w].ms[rounds / 2], ways[w].ms[0], ways[w].ms[rounds - 1],
		       ways[w].cpu_ms[rounds / 2]);
	}
	puts("no other connection was touched");
	return 0;
}
