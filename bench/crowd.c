/*
 * Connections that misbehave on one of the daemon's sockets, as many at a time as requested.
 *
 *   crowd BEHAVIOUR SOCKET COUNT
 *
 * Waits until SOCKET exists, then keeps COUNT connections open: one that the daemon closes is
 * replaced at once. The table below defines the behaviours. Ends on SIGTERM and prints one line,
 *
 *   OPEN CONNECTIONS
 *
 * the maximum number of connections open at one time, and the total number made.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "include/shunt/protocol.h"
#include "include/shunt/table.h"

#define TICK_MS 10u
#define ROUND_MS 1000u /* in each of them, every connection has one turn to send or read a little */
#define COUNT_MAX 65536u
#define EVENTS_MAX 256

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

enum reading {
	NEVER,
	SLOWLY, /* SIP bytes per round */
	ALL,
};

#define SIP 512u

static const struct behaviour {
	const char *name;
	int type;
	bool hello;       /* sends what the shim sends */
	const char *text; /* sent at once; NULL: nothing */
	const char *more; /* sent in each round; NULL: nothing */
	enum reading reading;
} behaviours[] = {
	{ "client-idle", SOCK_SEQPACKET, false, NULL, NULL, NEVER },
	{ "client-garbage", SOCK_SEQPACKET, false, "GET / HTTP/1.1\r\n\r\n", NULL, NEVER },
	{ "client-unread", SOCK_SEQPACKET, true, NULL, "more", NEVER },
	{ "control-idle", SOCK_STREAM, false, NULL, NULL, NEVER },
	{ "control-garbage", SOCK_STREAM, false, "\x16\x03\x01\r\n\r\n\xff", NULL, NEVER },
	{ "control-half", SOCK_STREAM, false, "GET /v1/status HTTP/1.1\r\nX: ", "x", NEVER },
	{ "control-unread", SOCK_STREAM, false, REQUEST("/v1/status"), NULL, NEVER },
	{ "control-slow", SOCK_STREAM, false, REQUEST("/v1/status"), NULL, SLOWLY },
	{ "control-greedy", SOCK_STREAM, false, REQUEST("/v1/status"), NULL, ALL },
	{ "metrics-greedy", SOCK_STREAM, false, REQUEST("/metrics"), NULL, ALL },
	{ "events-unread", SOCK_STREAM, false, REQUEST("/v1/events"), NULL, NEVER },
	{ "events-read", SOCK_STREAM, false, REQUEST("/v1/events"), NULL, ALL },
	{ NULL },
};

struct crowd {
	const struct behaviour *behaviour;
	struct sockaddr_un address;
	int *fds; /* -1: not connected yet */
	size_t count, open, most, turn;
	uint64_t made;
	int epoll;
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

/* --- one connection --------------------------------------------------------------------------- */

static void hang_up(struct crowd *crowd, size_t i)
{
	close(crowd->fds[i]);
	crowd->fds[i] = -1;
	crowd->open--;
}

/* What cannot be sent at once is dropped: these connections do not wait. */
static void say(int fd, const void *bytes, size_t size)
{
	if (send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EBADF)
		err(1, "send");
}

static void begin(const struct behaviour *behaviour, int fd)
{
	const struct shunt_hello hello = {
		.magic = SHUNT_HELLO_MAGIC,
		.size = sizeof(hello),
		.version_min = SHUNT_TABLE_VERSION_MIN,
		.version_max = SHUNT_TABLE_VERSION,
	};

	if (behaviour->hello)
		say(fd, &hello, sizeof(hello));
	if (behaviour->text)
		say(fd, behaviour->text, strlen(behaviour->text));
}

/* Returns false if this is impossible now: there is no daemon yet, or its queue is full. */
static bool call(struct crowd *crowd, size_t i)
{
	struct epoll_event event = { .events = EPOLLRDHUP, .data.u64 = i };
	const int fd = socket(AF_UNIX, crowd->behaviour->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		err(1, "socket");
	if (connect(fd, (struct sockaddr *)&crowd->address, sizeof(crowd->address)) < 0) {
		close(fd);
		return false;
	}
	if (crowd->behaviour->reading == ALL)
		event.events |= EPOLLIN;
	if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(1, "epoll_ctl");
	crowd->fds[i] = fd;
	if (++crowd->open > crowd->most)
		crowd->most = crowd->open;
	crowd->made++;
	begin(crowd->behaviour, fd);
	return true;
}

/* Returns false if the connection has ended. */
static bool take(int fd, size_t most)
{
	static char buffer[65536];
	const ssize_t got =
	        recv(fd, buffer, most < sizeof(buffer) ? most : sizeof(buffer), MSG_DONTWAIT);

	return got > 0 || (got < 0 && errno == EAGAIN);
}

static void have_turn(struct crowd *crowd, size_t i)
{
	const struct behaviour *behaviour = crowd->behaviour;

	if (crowd->fds[i] < 0)
		return;
	if (behaviour->more)
		say(crowd->fds[i], behaviour->more, strlen(behaviour->more));
	if (behaviour->reading == SLOWLY && !take(crowd->fds[i], SIP))
		hang_up(crowd, i);
}

static void happened(struct crowd *crowd, const struct epoll_event *event)
{
	const size_t i = event->data.u64;

	if ((event->events & EPOLLIN) && take(crowd->fds[i], SIZE_MAX))
		return;
	/* Unread data of a connection that the daemon has closed is discarded. */
	hang_up(crowd, i);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void call_missing(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->count && crowd->open < crowd->count; i++)
		if (crowd->fds[i] < 0 && !call(crowd, i))
			return;
}

static void have_turns(struct crowd *crowd)
{
	const size_t share = (crowd->count * TICK_MS + ROUND_MS - 1) / ROUND_MS;

	for (size_t k = 0; k < share; k++) {
		have_turn(crowd, crowd->turn);
		crowd->turn = (crowd->turn + 1) % crowd->count;
	}
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void run(struct crowd *crowd)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t tick = now_ms();

	while (!ended) {
		const uint64_t now = now_ms();
		int count;

		if (now >= tick) {
			have_turns(crowd);
			tick = now + TICK_MS;
		}
		call_missing(crowd);
		count = epoll_wait(crowd->epoll, events, EVENTS_MAX, (int)TICK_MS);
		for (int i = 0; i < count; i++)
			happened(crowd, &events[i]);
	}
	printf("%zu %" PRIu64 "\n", crowd->most, crowd->made);
}

static const struct behaviour *find(const char *name)
{
	for (const struct behaviour *row = behaviours; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	errx(64, "%s: no such behaviour", name);
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct crowd crowd = { .address.sun_family = AF_UNIX };
	const struct sigaction action = { .sa_handler = end };

	if (argc != 4)
		errx(64, "usage: crowd BEHAVIOUR SOCKET COUNT");
	crowd.behaviour = find(argv[1]);
	if (strlen(argv[2]) >= sizeof(crowd.address.sun_path))
		errx(64, "%s: is too long for a socket", argv[2]);
	memcpy(crowd.address.sun_path, argv[2], strlen(argv[2]));
	crowd.count = strtoul(argv[3], NULL, 10);
	if (crowd.count < 1 || crowd.count > COUNT_MAX)
		errx(64, "%s: must be 1 to %u", argv[3], COUNT_MAX);
	crowd.fds = malloc(crowd.count * sizeof(*crowd.fds));
	crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!crowd.fds || crowd.epoll < 0)
		err(1, "cannot start");
	memset(crowd.fds, 0xff, crowd.count * sizeof(*crowd.fds));
	raise_descriptor_limit();
	sigaction(SIGTERM, &action, NULL);
	run(&crowd);
	return 0;
}
