/*
 * Orders while the helper is busy: which wait, which are sent, and which come too late to be sent. The
 * helper is a socket of this test; the clock is moved by it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/reset/reset.h"
#include "shunt/reset.h"
#include "shunt/table.h"
#include "tests/support/unit.h"

#define EACH 16u      /* addresses of an order */
#define SENT_MAX 128u /* that the helper has at a time; reset.c says so */

static time_t later; /* than the start of the program, in seconds */

/* Of the whole program, and of libevent with it: time stands still unless the test moves it. */
int clock_gettime(clockid_t id, struct timespec *now)
{
	if (id == CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, now);
	*now = (struct timespec){ .tv_sec = 1000 + later };
	return 0;
}

static struct event_base *base;
static struct reset *reset;
static struct sockaddr_un place = { .sun_family = AF_UNIX };
static int listening, helper;
static uint32_t jobs[1024]; /* that the helper has got */
static size_t job_count;

static int setup(void **state)
{
	char folder[] = "/tmp/shunt-reset-XXXXXX";

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(place.sun_path, sizeof(place.sun_path), "%s/s", folder);
	listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	base = event_base_new();
	reset = reset_new(base);
	helper = -1;
	job_count = 0;
	return bind(listening, (struct sockaddr *)&place, sizeof(place)) == 0 ? listen(listening, 4)
	                                                                      : -1;
}

static int teardown(void **state)
{
	(void)state;
	reset_free(reset);
	event_base_free(base);
	close(listening);
	if (helper >= 0)
		close(helper);
	unlink(place.sun_path);
	*strrchr(place.sun_path, '/') = '\0';
	return rmdir(place.sun_path);
}

static void turn(void)
{
	assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
}

static void say(uint32_t kind, uint32_t job, uint32_t found)
{
	const struct shunt_reset_reply reply = { .version = SHUNT_RESET_VERSION,
		                                 .kind = kind,
		                                 .job = job,
		                                 .found = found,
		                                 .reset = found,
		                                 .rate = 1000 };

	assert_int_equal(send(helper, &reply, sizeof(reply), MSG_NOSIGNAL), sizeof(reply));
	turn();
}

static void take_requests(void)
{
	struct shunt_reset_request request;

	while (recv(helper, &request, sizeof(request), MSG_DONTWAIT) == (ssize_t)sizeof(request)) {
		assert_true(job_count < sizeof(jobs) / sizeof(jobs[0]));
		jobs[job_count++] = request.job;
	}
}

static void connect_helper(void)
{
	reset_configure(reset, place.sun_path, true);
	helper = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(helper >= 0);
	say(SHUNT_RESET_READY, 0, 0);
	assert_true(reset_is_ready(reset));
}

static uint64_t ask(void)
{
	static const uint16_t port = 5432;
	struct address addresses[EACH];

	for (size_t i = 0; i < EACH; i++)
		addresses[i] = (struct address){ .family = SHUNT_FAMILY_IPV4,
			                         .byte = { 192, 0, 2, (uint8_t)i } };
	return reset_ask(reset, &(struct reset_want){ .record = "a.example.com",
	                                              .endpoint = "primary",
	                                              .cause = ORDER_LOST,
	                                              .addresses = addresses,
	                                              .address_count = EACH,
	                                              .ports = &port,
	                                              .port_count = 1 });
}

static const struct reset_order *order(uint64_t number)
{
	const struct reset_order *found = orders_find(reset_orders(reset), number);

	assert_non_null(found);
	return found;
}

/* Time goes by, and the helper shows that it works. */
static void work(time_t seconds)
{
	for (time_t i = 0; i < seconds; i++) {
		later++;
		say(SHUNT_RESET_FOUND, jobs[0], 1);
	}
}

/* The helper has as many as it may; the others follow one by one, in their order. */
static void waiting(void **state)
{
	uint64_t last = 0;

	(void)state;
	connect_helper();
	for (size_t i = 0; i < SENT_MAX / EACH + 1; i++)
		last = ask();
	take_requests();
	assert_int_equal(job_count, SENT_MAX);
	for (size_t i = 0; i < EACH; i++) {
		say(SHUNT_RESET_DONE, jobs[i], 2);
		take_requests();
		assert_int_equal(job_count, SENT_MAX + i + 1);
	}
	for (size_t i = 0; i < EACH; i++)
		say(SHUNT_RESET_DONE, jobs[SENT_MAX + i], 0);
	assert_int_equal(order(1)->left, 0);
	assert_int_equal(order(1)->counts.reset, 2 * EACH);
	assert_int_equal(order(2)->left, EACH);
	assert_int_equal(order(last)->left, 0);
	assert_string_equal(order(last)->error, "");
	assert_int_equal(reset_sums(reset).done, 2);
}

/* What waited for more than ten seconds would meet connections that are newer than the decision. */
static void too_late(void **state)
{
	uint64_t early = 0, young;

	(void)state;
	connect_helper();
	for (size_t i = 0; i < SENT_MAX / EACH + 1; i++)
		early = ask();
	take_requests();
	work(8);
	young = ask();
	assert_int_equal(order(early)->left, EACH);
	work(3);
	assert_int_equal(order(early)->left, 0);
	assert_string_equal(order(early)->error, "too many others came first");
	assert_int_equal(order(young)->left, EACH);
	assert_int_equal(reset_sums(reset).failed, 1);
	for (size_t i = 0; i < SENT_MAX; i++)
		say(SHUNT_RESET_DONE, jobs[i], 0);
	take_requests();
	assert_int_equal(job_count, SENT_MAX + EACH);
	for (size_t i = 0; i < EACH; i++)
		say(SHUNT_RESET_DONE, jobs[SENT_MAX + i], 1);
	assert_int_equal(order(young)->left, 0);
	assert_string_equal(order(young)->error, "");
	assert_int_equal(order(young)->counts.reset, EACH);
	assert_true(reset_is_ready(reset));
}

/* A helper that says nothing is given up, with all that it has and all that waits for it. */
static void silent(void **state)
{
	uint64_t sent, waits = 0;

	(void)state;
	connect_helper();
	sent = ask();
	for (size_t i = 0; i < SENT_MAX / EACH; i++)
		waits = ask();
	later += 6;
	turn();
	assert_false(reset_is_ready(reset));
	assert_string_equal(order(sent)->error, "shunt-reset does not answer");
	assert_string_equal(order(waits)->error, "shunt-reset does not answer");
	assert_int_equal(reset_sums(reset).failed, SENT_MAX / EACH + 1);
	assert_string_equal(reset_trouble(reset), "shunt-reset does not answer");
}

/* After many orders at a time only the last ones are kept; what is not done stays. */
static void kept(void **state)
{
	uint64_t last = 0;

	(void)state;
	connect_helper();
	for (size_t i = 0; i < ORDERS_KEPT + 20; i++)
		last = ask();
	assert_int_equal(reset_orders(reset)->count, ORDERS_KEPT + 20);
	take_requests();
	for (size_t i = 1; i < EACH; i++)
		say(SHUNT_RESET_DONE, jobs[i], 0);
	assert_int_equal(order(1)->left, 1);
	later += 6;
	turn();
	assert_int_equal(reset_orders(reset)->count, ORDERS_KEPT);
	assert_null(orders_find(reset_orders(reset), 1));
	assert_non_null(order(last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(too_late, setup, teardown),
		cmocka_unit_test_setup_teardown(silent, setup, teardown),
		cmocka_unit_test_setup_teardown(kept, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
