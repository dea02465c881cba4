/*
 * Real connections on loopback: the peer's kernel answers within connect(), and the attempt ends
 * within its start. The answer comes later where the kernel leaves packets to a thread of its own
 * (ksoftirqd): a test has as many tries as that needs.
 */
#include "tests/support/unit.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/probe/kind/connect.h"
#include "daemon/probe/probe.h"
#include "shunt/table.h"

#define TRIES 1000

static struct event_base *base;
static struct prober *prober;

/* What a probe of probe_tcp shows. */
static struct seen {
	unsigned ends, at_once;
	struct probe_result last;
} seen;

static uint32_t ended(const struct probe_subject *subject, const struct probe_result *result)
{
	(void)subject;
	seen.ends++;
	seen.last = *result;
	return 3600000;
}

static void start(struct probe *probe)
{
	unsigned before = seen.ends;

	probe_tcp.start(probe);
	seen.at_once += seen.ends > before;
}

static struct probe_kind watched;

/* A socket on a free port of the address, which becomes the check's; -1 without that address. */
static int bind_to(const struct address *address, struct check *check)
{
	struct sockaddr_storage place;
	socklen_t size = address_to_sockaddr(address, 0, &place);
	int fd = socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in;

	if (fd < 0 || bind(fd, (struct sockaddr *)&place, size) < 0) {
		close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&place, &size), 0);
	memcpy(&in, &place, sizeof(in)); /* sin_port and sin6_port are in the same place */
	check->port = ntohs(in.sin_port);
	return fd;
}

static void probe_once(struct probe *probe)
{
	unsigned before = seen.ends;

	probe_now(probe);
	while (seen.ends == before)
		event_base_loop(base, EVLOOP_ONCE);
}

static void answered_at_once(const char *text)
{
	struct check check = { .type = CHECK_TCP, .interval = 3600000, .timeout = 60000 };
	struct probe_subject subject = { .check = &check, .asker = { "", "" } };
	struct probe *probe;
	int fd;

	seen = (struct seen){ .ends = 0 };
	assert_true(address_parse(text, &subject.address));
	fd = bind_to(&subject.address, &check);
	if (fd < 0)
		skip();
	probe = probe_new(prober, &watched, &subject);
	do
		probe_once(probe);
	while (seen.last.why == WHY_LATE);
	assert_int_equal(seen.last.why, WHY_REFUSED);
	assert_int_equal(listen(fd, 100), 0);
	/* With a new socket, and again with that one. */
	for (unsigned i = 0; i < TRIES && (i < 2 || seen.at_once < 2); i++) {
		probe_once(probe);
		assert_int_equal(seen.last.why, WHY_PASS);
		assert_int_equal(seen.last.path, PATH_UNKNOWN); /* of the network */
		assert_true(seen.last.part_us[PROBE_CONNECT] > 0);
	}
	assert_true(seen.at_once >= 2);
	probe_free(probe);
	close(fd);
}

static void ipv4_answers_at_once(void **state)
{
	(void)state;
	answered_at_once("127.0.0.2");
}

static void ipv6_answers_at_once(void **state)
{
	(void)state;
	answered_at_once("::1");
}

static int setup(void **state)
{
	(void)state;
	watched = probe_tcp;
	watched.start = start;
	base = event_base_new();
	prober = prober_new(base, 100);
	if (!prober)
		return -1;
	prober_tell(prober, ended);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	prober_free(prober);
	event_base_free(base);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ipv4_answers_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(ipv6_answers_at_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
