/* The log: it never makes its writer wait, and it knows a journal from a terminal that a service started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"

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
}

static void test_journal(void **state)
{
	struct stat status;
	char stream[64];

	(void)state;
	divert(&diverted);
	fstat(STDERR_FILENO, &status);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
	         (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_warning("w");
	unsetenv("JOURNAL_STREAM");
	take(&diverted);
	restore(&diverted);
	/* The lines that test_reader_is_gone lost may be told first. */
	assert_non_null(strstr(diverted.text, "<4>w\n"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_reads),
		cmocka_unit_test(test_reader_is_gone),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_journal_of_others),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
