/* Whether a peer has sent anything: real TCP connections of this host. */
#include "tests/support/unit.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/net/received.h"

struct pair {
	int ours, theirs;
};

static int setup(void **state)
{
	static struct pair pair;
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
	pair.ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair.ours, (struct sockaddr *)&at, size), 0);
	pair.theirs = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(pair.theirs >= 0);
	close(listener);
	*state = &pair;
	return 0;
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	close(pair->ours);
	close(pair->theirs);
	return 0;
}

static void a_byte_counts_read_or_not(void **state)
{
	struct pair *pair = *state;
	char byte;

	assert_false(received_any(pair->ours));
	assert_int_equal(write(pair->ours, "x", 1), 1);
	assert_false(received_any(pair->ours));
	assert_int_equal(write(pair->theirs, "x", 1), 1);
	assert_int_equal(recv(pair->ours, &byte, 1, MSG_PEEK), 1);
	assert_true(received_any(pair->ours));
	assert_int_equal(read(pair->ours, &byte, 1), 1);
	assert_true(received_any(pair->ours));
}

static void what_is_no_connection_has_none(void **state)
{
	int ends[2];

	(void)state;
	assert_false(received_any(-1));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_false(received_any(ends[0]));
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_byte_counts_read_or_not, setup, teardown),
		cmocka_unit_test(what_is_no_connection_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
