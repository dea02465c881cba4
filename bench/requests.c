/*
 * A client that makes a request every 5 ms, or looks a name up every 0.5 ms, until its input ends.
 *
 *   requests new NAME PORT      each request on a connection of its own, after a lookup
 *   requests keep NAME PORT     all on one connection; after an error another one, after a lookup
 *   requests lookup NAME        lookups alone
 *
 * Prints a line for each request, "START END ok" or "START END WHY" (µs of CLOCK_MONOTONIC; WHY is
 * an errno, "end" or "lookup"), and for each lookup whose answer differs from the one before, "TIME
 * ADDRESS". A request has a deadline of 5 s for each of its parts: connect, write, read. The program
 * does not depend on what answers it.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_US 5000u
#define LOOKUP_US 500u
#define DEADLINE_S 5

static const char request[] = "GET / HTTP/1.1\r\nHost: it\r\n\r\n";

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Returns false when the input has ended. */
static bool wait_until_us(uint64_t due_us)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	const uint64_t now = now_us();
	const uint64_t left = due_us > now ? due_us - now : 0;
	const struct timespec pause = { (time_t)(left / 1000000), (long)(left % 1000000 * 1000) };

	return ppoll(&input, 1, &pause, NULL) == 0;
}

static struct addrinfo *look_up(const char *name, const char *port)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	return getaddrinfo(name, port, &hints, &list) == 0 ? list : NULL;
}

/* Returns the socket, or -1 and `why`. */
static int open_connection(const char *name, const char *port, const char **why)
{
	const struct timeval deadline = { .tv_sec = DEADLINE_S };
	struct addrinfo *found = look_up(name, port);
	int fd;

	*why = "lookup";
	if (!found)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
	if (connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
		*why = strerrorname_np(errno);
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

/* NULL: it was answered. */
static const char *ask(int fd)
{
	char answer[512];
	ssize_t size;

	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
		return strerrorname_np(errno);
	size = recv(fd, answer, sizeof(answer), 0);
	if (size < 0)
		return strerrorname_np(errno);
	return size == 0 ? "end" : NULL;
}

static void make_requests(const char *name, const char *port, bool keep)
{
	uint64_t start, due = now_us();
	int fd = -1;

	while (wait_until_us(due)) {
		const char *why = NULL;

		start = now_us();
		if (fd < 0)
			fd = open_connection(name, port, &why);
		if (fd >= 0)
			why = ask(fd);
		printf("%" PRIu64 " %" PRIu64 " %s\n", start, now_us(), why ? why : "ok");
		if (fd >= 0 && (why || !keep)) {
			close(fd);
			fd = -1;
		}
		due += REQUEST_US;
		if (due < now_us())
			due = now_us();
	}
}

static void make_lookups(const char *name)
{
	char last[INET_ADDRSTRLEN] = "", text[INET_ADDRSTRLEN] = "";

	do {
		struct addrinfo *found = look_up(name, NULL);

		if (!found)
			continue;
		inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, text,
		          sizeof(text));
		freeaddrinfo(found);
		if (strcmp(text, last) != 0)
			printf("%" PRIu64 " %s\n", now_us(), text);
		memcpy(last, text, sizeof(last));
	} while (wait_until_us(now_us() + LOOKUP_US));
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && strcmp(argv[1], "lookup") == 0)
		make_lookups(argv[2]);
	else if (argc == 4 && (strcmp(argv[1], "new") == 0 || strcmp(argv[1], "keep") == 0))
		make_requests(argv[2], argv[3], argv[1][0] == 'k');
	else
		errx(64, "usage: requests new|keep NAME PORT, requests lookup NAME");
	return 0;
}
