/* Sockets watched by their edges: who gets which event, and spare sockets. Real TCP connections of this host. */
#include "tests/support/unit.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/net/edge.h"

struct seen {
	unsigned calls;
	uint32_t events;
	int fd;
};

static struct event_base *base;
static struct edge_set *set;
static struct sockaddr_in place;
static int listener;

static int setup(void **state)
{
	socklen_t size = sizeof(place);

	(void)state;
	base = event_base_new();
	set = edge_set_new(base);
	assert_non_null(set);
	place = (struct sockaddr_in){ .sin_family = AF_INET,
		                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&place, size), 0);
	assert_int_equal(listen(listener, 100), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&place, &size), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(listener);
	edge_set_free(set);
	event_base_free(base);
	return 0;
}

static void note(void *arg, int fd, uint32_t events)
{
	struct seen *seen = arg;

	seen->calls++;
	seen->events |= events;
	seen->fd = fd;
}

static int connect_new(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)connect(fd, (struct sockaddr *)&place, sizeof(place));
	return fd;
}

static int accept_one(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Turns the loop until all of these have been seen; the deadline is for a machine that is busy otherwise. */
static void wait_for(const struct seen *seen, uint32_t events)
{
	uint64_t deadline = clock_ms() + 20000;

	while ((seen->events & events) != events && clock_ms() < deadline)
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_int_equal(seen->events & events, events);
}

static void connects_reads_ends(void **state)
{
	struct seen seen = { 0 };
	int fd = connect_new(), peer;

	(void)state;
	assert_true(edge_add(set, fd, note, &seen));
	wait_for(&seen, EPOLLOUT);
	assert_int_equal(seen.fd, fd);
	assert_false(seen.events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP));
	peer = accept_one();
	assert_int_equal(send(peer, "x", 1, 0), 1);
	wait_for(&seen, EPOLLIN);
	close(peer);
	wait_for(&seen, EPOLLRDHUP);
	edge_forget(set, fd);
	close(fd);
}

static void passed_on(void **state)
{
	struct seen first = { 0 }, second = { 0 };
	int fd = connect_new(), peer = accept_one();

	(void)state;
	assert_true(edge_add(set, fd, note, &first));
	wait_for(&first, EPOLLOUT);
	edge_pass(set, fd, note, &second);
	send(peer, "x", 1, 0);
	wait_for(&second, EPOLLIN);
	assert_int_equal(first.calls, 1);
	edge_remove(set, fd);
	close(peer);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	assert_false(second.events & EPOLLRDHUP);
	close(fd);
}

static int victim;

static void forget_victim(void *arg, int fd, uint32_t events)
{
	note(arg, fd, events);
	edge_forget(set, victim);
	close(victim);
}

/* Both have events at one time: the first closes the second, whose number the next socket has. */
static void closed_by_another(void **state)
{
	struct seen first = { 0 }, second = { 0 }, third = { 0 };
	int fd = connect_new(), peer = accept_one(), peer_of_victim, next;

	(void)state;
	victim = connect_new();
	peer_of_victim = accept_one();
	assert_true(edge_add(set, fd, forget_victim, &first));
	assert_true(edge_add(set, victim, note, &second));
	wait_for(&first, EPOLLOUT);
	assert_int_equal(second.calls, 0);
	next = connect_new();
	assert_int_equal(next, victim);
	assert_true(edge_add(set, next, note, &third));
	wait_for(&third, EPOLLOUT);
	assert_int_equal(third.calls, 1);
	edge_forget(set, fd);
	edge_forget(set, next);
	close(fd);
	close(next);
	close(peer);
	close(peer_of_victim);
}

/* What a spare socket's former connection left is not taken for the new one's. */
static void spare_connects_again(void **state)
{
	struct seen first = { 0 }, second = { 0 };
	int fd = connect_new(), peer = accept_one();
	char byte;

	(void)state;
	edge_spare_limit(set, 1);
	assert_true(edge_add(set, fd, note, &first));
	wait_for(&first, EPOLLOUT);
	edge_recycle(set, fd, AF_INET);
	assert_int_equal(recv(peer, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(edge_take(set, AF_INET6), -1);
	assert_int_equal(edge_take(set, AF_INET), fd);
	assert_int_equal(edge_take(set, AF_INET), -1);
	edge_pass(set, fd, note, &second);
	(void)connect(fd, (struct sockaddr *)&place, sizeof(place));
	wait_for(&second, EPOLLOUT);
	assert_false(second.events & (EPOLLERR | EPOLLHUP));
	assert_int_equal(first.calls, 1);
	edge_forget(set, fd);
	close(fd);
	close(peer);
}

static void take_one(void *arg, int fd, uint32_t events)
{
	note(arg, fd, events);
	assert_int_equal(edge_take(set, AF_INET), -1);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void spares_have_limits(void **state)
{
	struct seen seen = { 0 };
	int fds[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		fds[i] = connect_new();
		assert_true(edge_add(set, fds[i], note, &seen));
	}
	edge_recycle(set, fds[0], AF_INET); /* none are kept without a limit */
	assert_false(is_open(fds[0]));
	edge_spare_limit(set, 1);
	edge_recycle(set, fds[1], 0);
	assert_false(is_open(fds[1]));
	edge_recycle(set, fds[2], AF_INET);
	edge_recycle(set, fds[3], AF_INET);
	assert_true(is_open(fds[2]));
	assert_false(is_open(fds[3]));
	edge_pass(set, fds[4], take_one, &seen);
	wait_for(&seen, EPOLLOUT);
	assert_int_equal(seen.fd, fds[4]);
	assert_int_equal(edge_take(set, AF_INET), fds[2]);
	edge_forget(set, fds[4]);
	close(fds[4]);
	close(fds[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(connects_reads_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(passed_on, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_by_another, setup, teardown),
		cmocka_unit_test_setup_teardown(spare_connects_again, setup, teardown),
		cmocka_unit_test_setup_teardown(spares_have_limits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
