/* The log: it never makes its writer wait, and it knows a journal from a terminal that a service started. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "tests/support/unit.h"

struct diverted {
	int was; /* standard error, meanwhile */
	int reader;
	char text[1 << 17];
};

/* Standard error is a pipe until restore(). */
static void divert(struct diverted *diverted)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	diverted->reader = ends[0];
	diverted->was = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(diverted->was >= 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	fcntl(diverted->reader, F_SETFL, O_NONBLOCK);
}

static const char *take(struct diverted *diverted)
{
	ssize_t got = read(diverted->reader, diverted->text, sizeof(diverted->text) - 1);

	diverted->text[got > 0 ? got : 0] = '\0';
	return diverted->text;
}

static void restore(struct diverted *diverted)
{
	dup2(diverted->was, STDERR_FILENO);
	close(diverted->was);
	close(diverted->reader);
}

static struct diverted diverted;

/* A pipe has room for 64 KiB. */
static void test_nobody_reads(void **state)
{
	char again[4096];

	(void)state;
	divert(&diverted);
	alarm(60);
	for (int i = 0; i < 5000; i++)
		log_info("a line that is one of very many");
	alarm(0);
	take(&diverted);
	log_info("there is room again");
	snprintf(again, sizeof(again), "%s", take(&diverted));
	log_info("and now");
	take(&diverted);
	restore(&diverted);
	assert_non_null(strstr(again, " lines of the log found no room\n"));
	assert_non_null(strstr(again, "there is room again\n"));
	assert_null(strstr(diverted.text, "found no room"));
}

static void test_reader_is_gone(void **state)
{
	(void)state;
	divert(&diverted);
	close(diverted.reader);
	diverted.reader = -1;
	log_info("nobody is told");
	restore(&diverted);
	divert(&diverted);
	log_info("somebody is again");
	take(&diverted);
	restore(&diverted);
	assert_non_null(strstr(diverted.text, "Z warning: 1 lines of the log found no room\n"));
	assert_non_null(strstr(diverted.text, "Z somebody is again\n"));
}

/* --- the journal -------------------------------------------------------------------------------- */

/* Standard error, diverted, is the journal's until leave_journal(). */
static void enter_journal(void)
{
	struct stat status;
	char stream[64];

	divert(&diverted);
	fstat(STDERR_FILENO, &status);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
	         (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

/* What came to standard error meanwhile. */
static const char *leave_journal(void)
{
	unsetenv("JOURNAL_STREAM");
	take(&diverted);
	restore(&diverted);
	return diverted.text;
}

static char journal[64];

static int listen_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", journal);
	unlink(journal);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int start_journal(void **state)
{
	(void)state;
	snprintf(journal, sizeof(journal), "/tmp/shunt-unit-journal-%d", (int)getpid());
	log_set_journal(journal);
	return 0;
}

static int stop_journal(void **state)
{
	(void)state;
	unlink(journal);
	return 0;
}

static void assert_entry(int fd, const char *bytes, size_t length)
{
	static char got[1 << 16];

	assert_int_equal(recv(fd, got, sizeof(got), 0), length);
	assert_memory_equal(got, bytes, length);
}

#define ASSERT_ENTRY(fd, text) assert_entry(fd, text, sizeof(text) - 1)

static void test_journal(void **state)
{
	static const struct log_field fields[] = {
		{ "SHUNT_TYPE", "health" },
		{ "SHUNT_ENDPOINT", NULL },
		{ "SHUNT_FROM", "" },
		{ "SHUNT_REASON", "refused = closed" },
		{ NULL, NULL },
	};
	int fd = listen_journal();

	(void)state;
	enter_journal();
	log_warning("a %s", "line");
	log_error("e");
	log_info("i");
	log_debug("not wanted");
	log_fields(LOG_LEVEL_WARNING, fields, "100 %s of it");
	assert_string_equal(leave_journal(), "");
	ASSERT_ENTRY(fd, "PRIORITY=4\nSYSLOG_IDENTIFIER=shuntd\nMESSAGE=a line\n");
	ASSERT_ENTRY(fd, "PRIORITY=3\nSYSLOG_IDENTIFIER=shuntd\nMESSAGE=e\n");
	ASSERT_ENTRY(fd, "PRIORITY=6\nSYSLOG_IDENTIFIER=shuntd\nMESSAGE=i\n");
	ASSERT_ENTRY(fd, "PRIORITY=4\nSYSLOG_IDENTIFIER=shuntd\nMESSAGE=100 %s of it\n"
	                 "SHUNT_TYPE=health\nSHUNT_REASON=refused = closed\n");
	assert_int_equal(recv(fd, &(char){ 0 }, 1, 0), -1);
	close(fd);
}

/* A value cannot become a field of its own, whatever is in it. */
static void test_lines_in_values(void **state)
{
	static const struct log_field fields[] = { { "SHUNT_REASON", "x\nPRIORITY=0" },
		                                   { NULL, NULL } };
	int fd = listen_journal();

	(void)state;
	enter_journal();
	log_fields(LOG_LEVEL_INFO, fields, "one\ntwo");
	assert_string_equal(leave_journal(), "");
	ASSERT_ENTRY(fd, "PRIORITY=6\nSYSLOG_IDENTIFIER=shuntd\n"
	                 "MESSAGE\n\7\0\0\0\0\0\0\0one\ntwo\n"
	                 "SHUNT_REASON\n\14\0\0\0\0\0\0\0x\nPRIORITY=0\n");
	close(fd);
}

/* More than a datagram holds: cut, and still whole fields. */
static void test_long_values(void **state)
{
	static char value[60000], got[1 << 16];
	const struct log_field fields[] = { { "SHUNT_REASON", value },
		                            { "SHUNT_TO", "no room" },
		                            { NULL, NULL } };
	int fd = listen_journal();
	ssize_t length;

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	enter_journal();
	log_fields(LOG_LEVEL_INFO, fields, "long");
	assert_string_equal(leave_journal(), "");
	length = recv(fd, got, sizeof(got), 0);
	assert_in_range(length, 16000, 16384);
	assert_int_equal(got[length - 1], '\n');
	got[length - 1] = '\0';
	assert_non_null(strstr(got, "MESSAGE=long\nSHUNT_REASON=vvv"));
	assert_null(strchr(strstr(got, "SHUNT_REASON"), '\n'));
	close(fd);
}

/* Nobody there, and one who does not read: each line is on standard error instead, and nobody waits. */
static void test_journal_does_not_take_it(void **state)
{
	static char got[256];
	unsigned here = 0, there = 0;
	const char *text;
	int fd;

	(void)state;
	unlink(journal);
	enter_journal();
	log_warning("w");
	assert_string_equal(leave_journal(), "<4>w\n");
	fd = listen_journal();
	enter_journal();
	alarm(60);
	for (int i = 0; i < 1500; i++)
		log_info("a line that is one of many");
	alarm(0);
	for (text = leave_journal(); (text = strstr(text, "<6>a line that is one of many\n"));
	     text++)
		here++;
	while (recv(fd, got, sizeof(got), 0) > 0)
		there++;
	assert_true(here > 0 && there > 0);
	assert_int_equal(here + there, 1500);
	close(fd);
}

static void test_journal_finds_no_path(void **state)
{
	static char deep[200];

	(void)state;
	memset(deep, '/', sizeof(deep) - 1);
	log_set_journal(deep);
	enter_journal();
	log_warning("w");
	log_set_journal(journal);
	assert_string_equal(leave_journal(), "<4>w\n");
}

static void test_journal_of_others(void **state)
{
	static const char *const streams[] = { "1:2", "", "x", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		divert(&diverted);
		if (streams[i])
			setenv("JOURNAL_STREAM", streams[i], 1);
		log_warning("w");
		unsetenv("JOURNAL_STREAM");
		take(&diverted);
		restore(&diverted);
		assert_non_null(strstr(diverted.text, "Z warning: w\n"));
	}
}

static void test_throttle(void **state)
{
	struct log_throttle throttle = { 0 };

	(void)state;
	assert_true(log_throttle_pass(&throttle, 5));
	assert_false(log_throttle_pass(&throttle, 6));
	assert_false(log_throttle_pass(&throttle, 4 + LOG_THROTTLE_MS));
	assert_true(log_throttle_pass(&throttle, 5 + LOG_THROTTLE_MS));
	assert_false(log_throttle_pass(&throttle, 5 + LOG_THROTTLE_MS + 1));
}

/* What was counted meanwhile is reported once, by the next line. */
static void test_throttle_counts(void **state)
{
	struct log_throttle throttle = { 0 };

	(void)state;
	assert_int_equal(log_throttle_count(&throttle, 0, 5), 0);
	assert_int_equal(log_throttle_count(&throttle, 3, 5), 3);
	assert_int_equal(log_throttle_count(&throttle, 2, 6), 0);
	assert_int_equal(log_throttle_count(&throttle, 1, 4 + LOG_THROTTLE_MS), 0);
	assert_int_equal(throttle.unsaid, 3);
	assert_int_equal(log_throttle_count(&throttle, 0, 5 + LOG_THROTTLE_MS), 3);
	assert_int_equal(log_throttle_count(&throttle, 0, 5 + 2 * LOG_THROTTLE_MS), 0);
	assert_int_equal(log_throttle_count(&throttle, 1, 5 + 2 * LOG_THROTTLE_MS), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_reads),
		cmocka_unit_test(test_reader_is_gone),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_lines_in_values),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_journal_does_not_take_it),
		cmocka_unit_test(test_journal_finds_no_path),
		cmocka_unit_test(test_journal_of_others),
		cmocka_unit_test(test_throttle),
		cmocka_unit_test(test_throttle_counts),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, start_journal, stop_journal);
}
