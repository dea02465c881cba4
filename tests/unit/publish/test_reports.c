/* Reports of clients: which bytes are one, and how many a uid may send. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/publish/allowance.h"
#include "daemon/publish/reports.h"

#include "shunt/protocol.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAME "db.example.com"

struct message {
	struct shunt_report report;
	char name[SHUNT_NAME_MAX + 1];
};

static struct message good(void)
{
	struct message message = { .report = { .magic = SHUNT_REPORT_MAGIC,
		                               .size = sizeof(struct shunt_report),
		                               .error = ECONNREFUSED,
		                               .port = 5432,
		                               .family = SHUNT_FAMILY_IPV4,
		                               .name_length = sizeof(NAME) - 1 },
		                   .name = NAME };

	assert_int_equal(inet_pton(AF_INET, "192.0.2.7", message.report.word), 1);
	message.report.word[1] = 0x55555555; /* is not part of an IPv4 address */
	return message;
}

static size_t size_of(const struct message *message)
{
	return sizeof(message->report) + message->report.name_length;
}

static void read_one(void **state)
{
	struct message message = good();
	struct reports_failure failure;
	struct address address;
	char later[SHUNT_REPORT_MAX] = { 0 };

	(void)state;
	assert_true(reports_read(&message, size_of(&message), &failure));
	assert_string_equal(failure.name, NAME);
	address_parse("192.0.2.7", &address);
	assert_int_equal(address_compare(&failure.address, &address), 0);
	/* A later version's struct is longer, and the name stands behind it. */
	message.report.size += 8;
	memcpy(later, &message.report, sizeof(message.report));
	memcpy(later + message.report.size, NAME, sizeof(NAME) - 1);
	assert_true(reports_read(later, message.report.size + sizeof(NAME) - 1, &failure));
	assert_string_equal(failure.name, NAME);
}

static void rubbish(void **state)
{
#define WORD(member) offsetof(struct shunt_report, member)
	static const struct {
		size_t at;
		uint32_t value;
	} rows[] = {
		{ WORD(magic), 0 },
		{ WORD(size), 40 },
		{ WORD(size), 45 },
		{ WORD(size), 0xffffffff },
		{ WORD(port), 0 },
		{ WORD(port), 65536 },
		{ WORD(family), 0 },
		{ WORD(family), 5 },
		{ WORD(name_length), 0 },
		{ WORD(name_length), sizeof(NAME) },
		{ WORD(name_length), 254 },
		{ WORD(name_length), 0xffffffff },
		{ WORD(name_length), 0x80000000 },
	};
#undef WORD
	struct reports_failure failure;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct message message = good();
		size_t size = size_of(&message);

		memcpy((char *)&message + rows[i].at, &rows[i].value, 4);
		assert_false(reports_read(&message, size, &failure));
	}
	for (size_t size = 0; size < sizeof(struct shunt_report) + sizeof(NAME) + 1; size++) {
		struct message message = good();

		assert_int_equal(reports_read(&message, size, &failure), size == size_of(&message));
	}
}

static void allowance(void **state)
{
	struct allowance allowance = { 0 };
	uint64_t now = 5;
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		taken += allowance_take(&allowance, 7, now);
	assert_int_equal(taken, ALLOWANCE_BURST);
	assert_true(allowance_take(&allowance, 8, now)); /* another one is not hurt */
	now += 1000 / ALLOWANCE_A_SECOND;
	assert_true(allowance_take(&allowance, 7, now));
	assert_false(allowance_take(&allowance, 7, now));
	now += UINT64_C(1) << 40; /* the host was up for long */
	for (taken = 0; allowance_take(&allowance, 7, now); taken++)
		;
	assert_int_equal(taken, ALLOWANCE_BURST);
}

/* A user who has many uids gets no more than all of them together may send. */
static void many_uids(void **state)
{
	struct allowance allowance = { 0 };
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		taken += allowance_take(&allowance, 1000 + i % 50000, 5);
	assert_int_equal(taken, ALLOWANCE_TOTAL);
	assert_false(allowance_take(&allowance, 7, 5));
	assert_true(allowance_take(&allowance, 7, 6));
}

static unsigned told;

static bool tell(void *arg, const struct reports_failure *failure)
{
	assert_ptr_equal(arg, &told);
	assert_string_equal(failure->name, NAME);
	return told++ == 0;
}

/* What comes over a socket, and what is counted. */
static void socket_of_reports(void **state)
{
	struct event_base *base = event_base_new();
	struct message message = good();
	const struct reports_counts *counts;
	struct reports *reports;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	reports = reports_new(base, ends[0], tell, &told);
	counts = reports_counts(reports);
	assert_true(send(ends[1], "x", 1, 0) == 1);
	for (int i = 0; i < 3; i++)
		assert_true(send(ends[1], &message, size_of(&message), 0) > 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(counts->probed, 1);
	assert_int_equal(counts->ignored, 2);
	assert_int_equal(counts->invalid, 1);
	for (unsigned i = 0; i < 2 * ALLOWANCE_BURST; i++) {
		while (send(ends[1], &message, size_of(&message), 0) < 0)
			event_base_loop(base, EVLOOP_NONBLOCK);
	}
	for (int i = 0; i < 10; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_true(counts->limited > 0);
	assert_int_equal(counts->probed + counts->ignored + counts->invalid + counts->limited,
	                 4 + 2 * ALLOWANCE_BURST);
	reports_free(reports);
	reports_free(reports_new(base, -1, tell, NULL));
	close(ends[0]);
	close(ends[1]);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_one),          cmocka_unit_test(rubbish),
		cmocka_unit_test(allowance),         cmocka_unit_test(many_uids),
		cmocka_unit_test(socket_of_reports),
	};

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
