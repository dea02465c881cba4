/* Connections that are over are read to their end: what the peer sees of it. Real TCP connections of this host. */
#include "tests/support/unit.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/net/drain.h"
#include "daemon/net/edge.h"

#define PATIENCE_US UINT64_C(30000000)
#define OPEN (-1) /* what peer_sees() says of a connection without an end yet */

struct bench {
	struct event_base *base;
	struct edge_set *edges;
	struct drain *drain;
};

static int setup(void **state)
{
	static struct bench bench;

	bench.base = event_base_new();
	bench.edges = edge_set_new(bench.base);
	bench.drain = drain_new(bench.base, bench.edges);
	assert_true(bench.base && bench.drain);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	drain_free(bench->drain);
	edge_set_free(bench->edges);
	event_base_free(bench->base);
	return 0;
}

/* As transfer leaves its sockets. */
static void connect_pair(int *ours, int *peer)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
	*ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(*ours, (struct sockaddr *)&at, size), 0);
	*peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(*peer >= 0);
	assert_int_equal(setsockopt(*ours, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(listener);
}

/* 0: the end; an errno; or OPEN. */
static int peer_sees(int peer)
{
	char byte;
	ssize_t n = recv(peer, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return OPEN;
	return n < 0 ? errno : 0;
}

/* While the loop runs. */
static int wait_end(const struct bench *bench, int peer)
{
	uint64_t end_us = clock_us() + PATIENCE_US;
	int seen;

	while ((seen = peer_sees(peer)) == OPEN && clock_us() < end_us) {
		struct pollfd ready = { .fd = peer, .events = POLLIN };

		event_base_loop(bench->base, EVLOOP_NONBLOCK);
		poll(&ready, 1, 1);
	}
	return seen;
}

/* 0, or the errno that ends it. */
static int send_all(const struct bench *bench, int peer, size_t size)
{
	static const char zeros[4096];
	uint64_t end_us = clock_us() + PATIENCE_US;

	while (size > 0 && clock_us() < end_us) {
		ssize_t n = send(peer, zeros, size < sizeof(zeros) ? size : sizeof(zeros),
		                 MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return errno;
		size -= n > 0 ? (size_t)n : 0;
		event_base_loop(bench->base, EVLOOP_NONBLOCK);
	}
	return size > 0 ? ETIMEDOUT : 0;
}

/* A server that writes its body in pieces and closes keeps no error. */
static void read_to_the_end(void **state)
{
	const struct bench *bench = *state;
	int ours, peer;

	connect_pair(&ours, &peer);
	assert_int_equal(send_all(bench, peer, 1000), 0);
	drain_socket(bench->drain, ours);
	assert_int_equal(peer_sees(peer), OPEN);
	assert_int_equal(send_all(bench, peer, 30000), 0);
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	assert_int_not_equal(wait_end(bench, peer), OPEN);
	close(peer);
}

static void quiet_peer(void **state)
{
	const struct bench *bench = *state;
	uint64_t began_us = clock_us();
	int ours, peer;

	connect_pair(&ours, &peer);
	drain_socket(bench->drain, ours);
	assert_int_equal(wait_end(bench, peer), 0);
	assert_true(clock_us() - began_us >= DRAIN_MS * 1000);
	close(peer);
}

/* One that writes on and on is cut off. */
static void endless_peer(void **state)
{
	const struct bench *bench = *state;
	int ours, peer;

	connect_pair(&ours, &peer);
	drain_socket(bench->drain, ours);
	assert_int_equal(send_all(bench, peer, 64 * DRAIN_BYTES), ECONNRESET);
	close(peer);
}

static void too_many(void **state)
{
	const struct bench *bench = *state;
	static int ours[DRAIN_SOCKETS + 1], peers[DRAIN_SOCKETS + 1];

	for (unsigned i = 0; i <= DRAIN_SOCKETS; i++)
		connect_pair(&ours[i], &peers[i]);
	for (unsigned i = 0; i <= DRAIN_SOCKETS; i++)
		drain_socket(bench->drain, ours[i]);
	assert_int_equal(peer_sees(peers[0]), OPEN);
	assert_int_equal(peer_sees(peers[DRAIN_SOCKETS - 1]), OPEN);
	assert_int_equal(peer_sees(peers[DRAIN_SOCKETS]), ECONNRESET);
	assert_int_equal(wait_end(bench, peers[0]), 0);
	for (unsigned i = 0; i <= DRAIN_SOCKETS; i++)
		close(peers[i]);
}

static void freed(void **state)
{
	struct bench *bench = *state;
	int ours, peer;

	connect_pair(&ours, &peer);
	drain_socket(bench->drain, ours);
	drain_free(bench->drain);
	bench->drain = NULL;
	assert_int_equal(peer_sees(peer), ECONNRESET);
	close(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(read_to_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(quiet_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(endless_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(freed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
