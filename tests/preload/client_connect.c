/* Connections to addresses that the shim gave: retried, redirected, and otherwise as if it were not there. */
#include "client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/un.h>

#define RETRY "retry.example.com"
#define REDIRECT "redirect.example.com"
#define DOUBTFUL (FAKE_UP | SHUNT_ADDRESS_DOUBT)
#define ERRNO 77 /* what errno was before */

union place {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* "::ffff:" addresses are IPv6 ones here, as for a program. */
static union place place_of(const char *text, uint16_t port)
{
	union place place = { .in = { .sin_family = AF_INET, .sin_port = htons(port) } };

	if (inet_pton(AF_INET, text, &place.in.sin_addr) == 1)
		return place;
	place = (union place){ .in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) } };
	CHECK(inet_pton(AF_INET6, text, &place.in6.sin6_addr) == 1);
	return place;
}

static socklen_t size_of(const union place *place)
{
	return place->any.sa_family == AF_INET ? sizeof(place->in) : sizeof(place->in6);
}

/* Listens at this address; port 0: any, which is returned. -1: the address is not there. */
static int listen_at(const char *text, uint16_t *port)
{
	union place place = place_of(text, *port);
	int fd = socket(place.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	socklen_t size = sizeof(place);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &place.any, size_of(&place)) != 0) {
		CHECK(errno == EADDRNOTAVAIL);
		close(fd);
		return -1;
	}
	CHECK(listen(fd, 4096) == 0 && getsockname(fd, &place.any, &size) == 0);
	*port = ntohs(place.in.sin_port);
	return fd;
}

/* A port that the second endpoint listens on, and the first one does not. */
static uint16_t listen_at_second(void)
{
	uint16_t port = 0;
	int fd = listen_at(FAKE_FIRST4, &port);

	close(fd);
	CHECK(listen_at(FAKE_SECOND4, &port) >= 0);
	return port;
}

static void look_up(const char *name)
{
	CHECK_SOON(answers_with(name, FAKE_FIRST4 " " FAKE_FIRST6) ||
	           answers_with(name, FAKE_SECOND4 " " FAKE_SECOND6));
}

static int new_socket(const char *text, int flags)
{
	union place place = place_of(text, 0);
	int fd = socket(place.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	CHECK(fd >= 0);
	return fd;
}

/* 0, or errno. */
static int try(int fd, const char *text, uint16_t port)
{
	union place place = place_of(text, port);
	int result;

	errno = ERRNO;
	result = connect(fd, &place.any, size_of(&place));
	CHECK(result == 0 || result == -1);
	CHECK(result == -1 || errno == ERRNO);
	return result == 0 ? 0 : errno;
}

/* What a program does that does not block: 0, or what SO_ERROR says in the end. */
static int try_and_wait(int fd, const char *text, uint16_t port)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	int error = try(fd, text, port);
	socklen_t size = sizeof(error);

	if (error != EINPROGRESS)
		return error;
	CHECK(poll(&pollfd, 1, PATIENCE * 1000) == 1);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0);
	return error;
}

static bool peer_is(int fd, const char *text)
{
	union place peer, wanted = place_of(text, 0);
	socklen_t size = sizeof(peer);

	CHECK(getpeername(fd, &peer.any, &size) == 0);
	if (peer.any.sa_family != wanted.any.sa_family)
		return false;
	return peer.any.sa_family == AF_INET
	               ? peer.in.sin_addr.s_addr == wanted.in.sin_addr.s_addr
	               : memcmp(&peer.in6.sin6_addr, &wanted.in6.sin6_addr, 16) == 0;
}

static void check_leads(const char *from, uint16_t port, const char *to)
{
	int fd = new_socket(from, 0);

	CHECK(try(fd, from, port) == 0);
	CHECK(peer_is(fd, to));
	close(fd);
}

static void check_refused(const char *from, uint16_t port)
{
	int fd = new_socket(from, 0);

	CHECK(try(fd, from, port) == ECONNREFUSED);
	close(fd);
}

/* --- what is not ours ---------------------------------------------------------------------------- */

static void not_given(void)
{
	uint16_t port = listen_at_second();

	attach();
	check_refused(FAKE_FIRST4, port);
	look_up(RETRY);
	check_leads(FAKE_FIRST4, port, FAKE_SECOND4);
	check_refused("127.77.0.3", port);
}

static void other_sockets(void)
{
	uint16_t port = listen_at_second();
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "/nowhere/at/all" };
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int tcp = new_socket(FAKE_FIRST4, 0);
	int mptcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 262);
	union place place = place_of(FAKE_FIRST4, port);

	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(1, FAKE_UP, FAKE_UP));
	look_up(REDIRECT);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_HEALTHY);
	look_up(REDIRECT);
	CHECK(try(udp, FAKE_SECOND4, port) == 0);
	CHECK(peer_is(udp, FAKE_SECOND4));
	CHECK(connect(unix_fd, (struct sockaddr *)&path, sizeof(path)) == -1 && errno == ENOENT);
	CHECK(connect(tcp, &place.any, sizeof(place.any.sa_family)) == -1 && errno == EINVAL);
	CHECK(connect(tcp, NULL, sizeof(place)) == -1 && errno == EFAULT);
	CHECK(try(-1, FAKE_FIRST4, port) == EBADF);
	CHECK(try(STDERR_FILENO, FAKE_FIRST4, port) == ENOTSOCK);
	if (mptcp >= 0)
		CHECK(try(mptcp, FAKE_FIRST4, port) == ECONNREFUSED);
	place.any.sa_family = AF_UNSPEC;
	CHECK(connect(tcp, &place.any, sizeof(place)) == 0);
}

/* --- retry --------------------------------------------------------------------------------------- */

static void blocking(void)
{
	uint16_t port = listen_at_second();
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t size = sizeof(own);
	int fd = new_socket(FAKE_FIRST4, 0), descriptors, on = 1;
	in_port_t bound;

	look_up(RETRY);
	/* By its number: Linux lets go of one that it chose itself, when a connect fails. */
	own.sin_port = htons((uint16_t)(port ^ 1));
	CHECK(bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0);
	CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
	bound = own.sin_port;
	descriptors = count_descriptors();
	CHECK(try(fd, FAKE_FIRST4, port) == 0);
	CHECK(count_descriptors() == descriptors);
	CHECK(peer_is(fd, FAKE_SECOND4));
	CHECK(getsockname(fd, (struct sockaddr *)&own, &size) == 0 && own.sin_port == bound);
	on = 0;
	size = sizeof(on);
	CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0 && on);
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(try(fd, FAKE_FIRST4, port) == EISCONN);
}

static void nowhere_to_go(void)
{
	uint16_t port = 0;
	int fd = new_socket(FAKE_FIRST4, 0);

	close(listen_at(FAKE_FIRST4, &port));
	look_up(RETRY);
	CHECK(try(fd, FAKE_FIRST4, port) == ECONNREFUSED);
	CHECK(listen_at(FAKE_SECOND4, &port) >= 0);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(0, FAKE_UP, SHUNT_ADDRESS_ANSWER));
	CHECK(try(fd, FAKE_FIRST4, port) == ECONNREFUSED); /* it is down */
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(SHUNT_ANSWER_DNS & 0xff, FAKE_UP, FAKE_UP));
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(0, FAKE_UP, DOUBTFUL));
	CHECK(try(fd, FAKE_FIRST4, port) == 0); /* better than none */
}

static void without_blocking(void)
{
	uint16_t port = listen_at_second();

	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(0, DOUBTFUL, FAKE_UP));
	look_up(RETRY);
	for (int i = 0; i < 20; i++) {
		int fd = new_socket(FAKE_FIRST4, SOCK_NONBLOCK), error = try(fd, FAKE_FIRST4, port);
		struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
		socklen_t size = sizeof(error);

		CHECK(error == EINPROGRESS);
		CHECK(poll(&pollfd, 1, PATIENCE * 1000) == 1 && pollfd.revents == POLLOUT);
		CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0);
		CHECK(peer_is(fd, FAKE_SECOND4));
		CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
		close(fd);
	}
}

/* One that watches the socket from before sees nothing of the first try. */
static void edges(void)
{
	uint16_t port = listen_at_second();
	int fd = new_socket(FAKE_FIRST4, SOCK_NONBLOCK), loop = epoll_create1(EPOLL_CLOEXEC), error;
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	socklen_t size = sizeof(error);

	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(0, DOUBTFUL, FAKE_UP));
	look_up(RETRY);
	CHECK(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) == 0);
	while (epoll_wait(loop, &event, 1, 0) >
	       0) /* "hung up", of a socket that is not connected */
		;
	CHECK(try(fd, FAKE_FIRST4, port) == EINPROGRESS);
	CHECK(epoll_wait(loop, &event, 1, PATIENCE * 1000) == 1 && event.events == EPOLLOUT);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0);
	CHECK(peer_is(fd, FAKE_SECOND4));
}

/* With nowhere else to go, what a program sees of a failure is what it saw before. */
static void failure_is_left(void)
{
	uint16_t port = 0;
	int fd = new_socket(FAKE_FIRST4, SOCK_NONBLOCK);

	close(listen_at(FAKE_FIRST4, &port));
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(0, DOUBTFUL, 0));
	look_up(RETRY);
	CHECK(try(fd, FAKE_FIRST4, port) == EINPROGRESS);
	CHECK(try_and_wait(fd, FAKE_FIRST4, port) == ECONNREFUSED);
}

/* A second connect that fetches the error of the first one does no more than that. */
static void error_is_fetched(void)
{
	uint16_t port = listen_at_second();
	int fd = new_socket(FAKE_FIRST4, SOCK_NONBLOCK);
	struct pollfd refused = { .fd = fd, .events = POLLOUT };

	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(0, DOUBTFUL, 0));
	look_up(RETRY);
	CHECK(try(fd, FAKE_FIRST4, port) == EINPROGRESS);
	CHECK(poll(&refused, 1, 5000) == 1);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(0, DOUBTFUL, FAKE_UP));
	look_up(RETRY);
	CHECK(try(fd, FAKE_FIRST4, port) == ECONNREFUSED);
	CHECK(try_and_wait(fd, FAKE_FIRST4, port) == 0);
	CHECK(peer_is(fd, FAKE_SECOND4));
}

/* After SO_ERROR the socket says ECONNABORTED once. */
static void after_so_error(void)
{
	uint16_t port = listen_at_second();
	int fd = new_socket(FAKE_FIRST4, SOCK_NONBLOCK);

	attach();
	CHECK(try_and_wait(fd, FAKE_FIRST4, port) == ECONNREFUSED); /* not given yet */
	look_up(RETRY);
	fcntl(fd, F_SETFL, 0);
	CHECK(try(fd, FAKE_FIRST4, port) == 0);
	CHECK(peer_is(fd, FAKE_SECOND4));
	fd = new_socket(FAKE_FIRST4, SOCK_NONBLOCK);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(0, FAKE_UP, 0));
	CHECK(try_and_wait(fd, FAKE_FIRST4, port) == ECONNREFUSED);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_HEALTHY);
	CHECK(listen_at(FAKE_FIRST4, &port) >= 0);
	CHECK(try_and_wait(fd, FAKE_FIRST4, port) == 0);
	CHECK(peer_is(fd, FAKE_FIRST4)); /* where it wanted to go, which is there again */
}

/*
 * The other end remembers a connection between these ports: it neither accepts nor refuses at first, and
 * refuses when Linux tries again, two ticks of its clock later.
 */
static void time_wait(void)
{
	uint16_t port = listen_at_second();
	int listener = listen_at(FAKE_FIRST4, &port), fd = new_socket(FAKE_FIRST4, 0), one = 1;
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t size = sizeof(own);
	char byte;

	look_up(RETRY);
	CHECK(try(fd, FAKE_FIRST4, port) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&own, &size) == 0);
	close(accept(listener, NULL, NULL));
	CHECK(read(fd, &byte, 1) == 0);
	close(fd);
	close(listener);
	fd = new_socket(FAKE_FIRST4, SOCK_NONBLOCK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	CHECK(bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0);
	CHECK(try_and_wait(fd, FAKE_FIRST4, port) == 0);
	CHECK(peer_is(fd, FAKE_SECOND4));
}

/* --- redirect ------------------------------------------------------------------------------------ */

static void redirected(void)
{
	uint16_t port = listen_at_second();

	look_up(REDIRECT);
	CHECK(listen_at(FAKE_FIRST4, &port) >= 0);
	check_leads(FAKE_FIRST4, port, FAKE_FIRST4);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(1, 0, FAKE_UP));
	check_leads(FAKE_FIRST4, port, FAKE_SECOND4);
	look_up(REDIRECT);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_HEALTHY);
	check_leads(FAKE_SECOND4, port, FAKE_FIRST4);
}

/* The name that was looked up last among those with the address. */
static void shared_address(void)
{
	uint16_t port = listen_at_second();

	CHECK(listen_at(FAKE_FIRST4, &port) >= 0);
	look_up(REDIRECT);
	look_up(RETRY);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(1, 0, FAKE_UP));
	check_leads(FAKE_FIRST4, port, FAKE_FIRST4);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_HEALTHY);
	look_up(REDIRECT);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(1, 0, FAKE_UP));
	check_leads(FAKE_FIRST4, port, FAKE_SECOND4);
}

/* Of the program's own choice, which holds for connections too. */
static void forced(void)
{
	uint16_t port = listen_at_second();

	CHECK(setenv("SHUNT_FORCE", RETRY "=e-0", 1) == 0);
	look_up(RETRY);
	check_refused(FAKE_FIRST4, port);
}

static void families(void)
{
	uint16_t port = 0;
	int fd = listen_at(FAKE_FIRST6, &port);

	look_up(RETRY);
	if (fd >= 0) {
		close(fd);
		CHECK(listen_at(FAKE_SECOND6, &port) >= 0);
		check_leads(FAKE_FIRST6, port, FAKE_SECOND6);
		check_refused(FAKE_FIRST4, port); /* nothing of its family listens */
	}
	port = listen_at_second();
	check_leads("::ffff:" FAKE_FIRST4, port, "::ffff:" FAKE_SECOND4);
}

/* --- the process --------------------------------------------------------------------------------- */

/* A program that looks up once, and connects for ever. */
static void other_tables(void)
{
	uint16_t port = listen_at_second();

	look_up(REDIRECT);
	CHECK(listen_at(FAKE_FIRST4, &port) >= 0);
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(1, 0, FAKE_UP));
	for (uint32_t i = 0; i < 3; i++) {
		fake_do(i % 2 ? FAKE_RESTART : FAKE_REPLACE, 0, i);
		check_leads(FAKE_FIRST4, port, FAKE_SECOND4);
	}
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_HEALTHY);
	for (int64_t end = now_ms() + PATIENCE * 1000;;) {
		int fd = new_socket(FAKE_FIRST4, 0);
		bool back;

		CHECK(try(fd, FAKE_FIRST4, port) == 0);
		back = peer_is(fd, FAKE_FIRST4);
		close(fd);
		if (back)
			break;
		CHECK(now_ms() < end);
		pause_ms(20);
	}
	CHECK(count_tables() == 1);
}

static uint16_t shared_port;

static void forks(void)
{
	uint16_t port = listen_at_second();
	pid_t child;
	int status;

	look_up(RETRY);
	child = fork();
	if (child == 0) {
		check_leads(FAKE_FIRST4, port, FAKE_SECOND4);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void *lead_on(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		int fd = new_socket(FAKE_FIRST4, i % 2 ? SOCK_NONBLOCK : 0);

		if (i % 10 == 0)
			look_up(RETRY);
		CHECK(try_and_wait(fd, FAKE_FIRST4, shared_port) == 0);
		CHECK(peer_is(fd, FAKE_SECOND4));
		close(fd);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t thread[4];

	shared_port = listen_at_second();
	fake_do(FAKE_ROUTE, 0, FAKE_ROUTE_OF(0, DOUBTFUL, FAKE_UP));
	look_up(RETRY);
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(&thread[i], NULL, lead_on, NULL) == 0);
	for (uint32_t i = 0; i < 20; i++) {
		fake_do(FAKE_REPLACE, 0, i);
		pause_ms(5);
	}
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
}

static void debug(void)
{
	uint16_t port = listen_at_second();
	char line[512] = "";
	int ends[2];

	CHECK(setenv("SHUNT_DEBUG", "1", 1) == 0);
	look_up(RETRY);
	CHECK(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	check_leads(FAKE_FIRST4, port, FAKE_SECOND4);
	CHECK(read(ends[0], line, sizeof(line) - 1) > 0);
	CHECK(strcmp(line, "shunt: " RETRY ": connects to " FAKE_SECOND4 " instead of " FAKE_FIRST4
	                   "\n") == 0);
}

static atomic_int handled;

static void connect_in_handler(int signal)
{
	int saved = errno, fd = new_socket(FAKE_FIRST4, 0);

	(void)signal;
	CHECK(try(fd, FAKE_FIRST4, shared_port) == 0);
	CHECK(peer_is(fd, FAKE_SECOND4));
	close(fd);
	atomic_fetch_add(&handled, 1);
	errno = saved;
}

/* In the middle of lookups, of attaches, and of other connects. */
static void handlers(void)
{
	struct sigaction action = { .sa_handler = connect_in_handler, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 700 }, { 0, 700 } }, never = { { 0, 0 }, { 0, 0 } };

	shared_port = listen_at_second();
	look_up(RETRY);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (uint32_t i = 0; i < 100 || atomic_load(&handled) < 100; i++) {
		struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;

		if (i % 20 == 0)
			fake_do(FAKE_REPLACE, 0, i % 100);
		if (getaddrinfo(RETRY, NULL, &hints, &list) == 0)
			freeaddrinfo(list);
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

#define CASE(name)                                                                                 \
	{                                                                                          \
#name, FAKE_STALE_LIMIT, name                                                      \
	}

static const struct client_case cases[] = {
	CASE(not_given),      CASE(other_sockets),    CASE(blocking),        CASE(nowhere_to_go),
	CASE(edges),          CASE(without_blocking), CASE(failure_is_left), CASE(error_is_fetched),
	CASE(after_so_error), CASE(time_wait),        CASE(redirected),      CASE(shared_address),
	CASE(forced),         CASE(families),         CASE(other_tables),    CASE(forks),
	CASE(debug),          CASE(threads),          CASE(handlers),
};

CLIENT_MAIN(cases)
