/* The daemon lies, stops, dies, reloads: what an attached process, and one that tries to attach,
 * get. */
#include "daemon.h"

#include <sys/time.h>

#define REPLACEMENTS 1000

static void lies(const struct fake *fake)
{
	int before = count_descriptors();

	for (int lie = LIE_NONE + 1; lie < LIES; lie++) {
		fake_do(fake, FAKE_WELCOME, 0, (uint32_t)lie);
		/* Each try in a process of its own: the next one in this would have to wait. */
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(is_passed("localhost") && count_descriptors() == before &&
			                      count_tables() == 0
			              ? 0
			              : 1);
		CHECK(waitpid(pid, &status, 0) == pid);
		if (status != 0)
			fprintf(stderr, "# lie %d\n", lie);
		CHECK(status == 0);
	}
	fake_do(fake, FAKE_WELCOME, 0, LIE_NONE);
	CHECK_ANSWER("localhost", ANSWER(0));
}

/* An attach costs 100 ms at most; a loaded machine gets more, but not what 100 attaches would cost. */
static void mute(const struct fake *fake)
{
	int64_t start = now_ms();

	fake_do(fake, FAKE_MUTE, 0, 1);
	CHECK(is_passed("localhost"));
	CHECK(now_ms() - start >= 90 && now_ms() - start < 3000);
	start = now_ms();
	for (int i = 0; i < 100; i++)
		CHECK(is_passed("localhost"));
	CHECK(now_ms() - start < 3000); /* not tried again for a second */
	fake_do(fake, FAKE_MUTE, 0, 0);
	CHECK_SOON(!is_passed("localhost"), 20);
	CHECK_ANSWER("localhost", ANSWER(0));
}

static void stopped(const struct fake *fake)
{
	int64_t start;

	CHECK_ANSWER("localhost", ANSWER(0));
	CHECK(kill(fake->pid, SIGSTOP) == 0);
	/* Through the time in which the heartbeat is missed and the re-attach times out. */
	for (int i = 0; i < 200; i++) {
		start = now_ms();
		CHECK_ANSWER("localhost", ANSWER(0));
		CHECK(now_ms() - start < 3000);
		pause_ms(20);
	}
	CHECK(kill(fake->pid, SIGCONT) == 0);
	fake_do(fake, FAKE_REPLACE, 0, 3);
	CHECK_SOON(strcmp(resolve_stream("localhost", (char[512]){ 0 }), ANSWER(3)) == 0, 40);
}

static void many(const struct fake *fake)
{
	int before = count_descriptors();

	CHECK_ANSWER("localhost", ANSWER(0));
	for (uint32_t i = 0; i < REPLACEMENTS; i++) {
		char text[512], expected[64];

		fake_do(fake, FAKE_REPLACE, 0, i % 80);
		snprintf(expected, sizeof(expected), "192.0.2.%u 2001:db8::%u", 10 + i % 80,
		         10 + i % 80);
		resolve_stream("localhost", text);
		if (strcmp(text, expected) != 0)
			fprintf(stderr, "# %u: %s\n", i, text);
		CHECK(strcmp(text, expected) == 0); /* at once */
	}
	CHECK(count_tables() == 1);
	CHECK(count_descriptors() == before);
}

static void unsettled(const struct fake *fake)
{
	CHECK_ANSWER("localhost", ANSWER(0));
	fake_do(fake, FAKE_SETTLED, 0, 0);
	fake_do(fake, FAKE_REPLACE, 0, 1);
	for (int i = 0; i < 30; i++) {
		CHECK_ANSWER("localhost", ANSWER(0));
		pause_ms(10);
	}
	fake_do(fake, FAKE_SETTLED, 0, 1);
	CHECK_SOON(strcmp(resolve_stream("localhost", (char[512]){ 0 }), ANSWER(1)) == 0, 10);
}

static void unsettled_is_better_than_none(const struct fake *fake)
{
	fake_do(fake, FAKE_SETTLED, 0, 0);
	CHECK_ANSWER("localhost", ANSWER(0));
}

/* Superseded, and nothing newer: the daemon is not asked at each lookup. */
static void nothing_newer(const struct fake *fake)
{
	int64_t start;

	CHECK_ANSWER("localhost", ANSWER(0));
	fake_do(fake, FAKE_SUPERSEDE, 0, 0);
	CHECK_ANSWER("localhost", ANSWER(0));
	CHECK(kill(fake->pid, SIGSTOP) == 0);
	start = now_ms();
	for (int i = 0; i < 100; i++)
		CHECK_ANSWER("localhost", ANSWER(0));
	CHECK(now_ms() - start < 5000); /* 100 attaches would be ten seconds */
	CHECK(kill(fake->pid, SIGCONT) == 0);
}

static void killed(const struct fake *fake)
{
	int64_t end;

	CHECK_ANSWER("localhost", ANSWER(0));
	CHECK(kill(fake->pid, SIGKILL) == 0);
	for (end = now_ms() + 3500; now_ms() < end; pause_ms(20))
		CHECK_ANSWER("localhost", ANSWER(0));
	CHECK(count_tables() == 1);
}

static void killed_for_long(const struct fake *fake)
{
	CHECK_ANSWER("localhost", ANSWER(0));
	CHECK(kill(fake->pid, SIGKILL) == 0);
	CHECK_ANSWER("localhost", ANSWER(0));
	CHECK_SOON(is_passed("localhost"), 20);
	pause_ms(1200);
	CHECK(is_passed("localhost"));
}

/* The heartbeat stands still for longer than the limit and comes back. */
static void asleep(const struct fake *fake)
{
	CHECK_ANSWER("localhost", ANSWER(0));
	fake_do(fake, FAKE_BEAT, 0, 0);
	CHECK_SOON(is_passed("localhost"), 20);
	fake_do(fake, FAKE_BEAT, 0, 1);
	CHECK_SOON(!is_passed("localhost"), 20);
	CHECK_ANSWER("localhost", ANSWER(0));
	/* Beyond the limit even a table that is not settled is better than none. */
	fake_do(fake, FAKE_SETTLED, 0, 0);
	fake_do(fake, FAKE_BEAT, 0, 0);
	CHECK_SOON(is_passed("localhost"), 20);
	fake_do(fake, FAKE_BEAT, 0, 1);
	fake_do(fake, FAKE_REPLACE, 0, 2);
	CHECK_SOON(!is_passed("localhost"), 20);
}

/*
 * The last beats came after the last lookup, which is long ago: they are no sign of life, and the
 * first lookup after the restart has its answer.
 */
static void looks_rarely(const struct fake *fake)
{
	fake_do(fake, FAKE_BEAT, 0, 0);
	CHECK_ANSWER("localhost", ANSWER(0));
	fake_do(fake, FAKE_RESTART, 0, 3);
	pause_ms(SHUNT_HEARTBEAT_MS + SHUNT_HEARTBEAT_GONE_MS + 500);
	CHECK_ANSWER("localhost", ANSWER(3));
}

static sigjmp_buf out;

static void jump(int signal_number)
{
	(void)signal_number;
	siglongjmp(out, 1);
}

/* A program leaves an attach that waits: the answers stay. */
static void jumps_out(const struct fake *fake)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 30000 } };

	CHECK_ANSWER("localhost", ANSWER(0));
	fake_do(fake, FAKE_SUPERSEDE, 0, 0);
	CHECK(kill(fake->pid, SIGSTOP) == 0);
	CHECK(signal(SIGALRM, jump) != SIG_ERR);
	if (sigsetjmp(out, 1) == 0) {
		CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
		resolve_stream("localhost", (char[512]){ 0 });
		CHECK(!"left by the jump");
	}
	for (int i = 0; i < 20; i++)
		CHECK_ANSWER("localhost", ANSWER(0));
}

#define CASE(name, limit, function)                                                                \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		with_fake_of(limit, function);                                                     \
	}
CASE(test_lies, 600000, lies)
CASE(test_mute, 600000, mute)
CASE(test_stopped, 600000, stopped)
CASE(test_many, 600000, many)
CASE(test_unsettled, 600000, unsettled)
CASE(test_unsettled_first, 600000, unsettled_is_better_than_none)
CASE(test_nothing_newer, 600000, nothing_newer)
CASE(test_killed, 600000, killed)
CASE(test_killed_for_long, 2500, killed_for_long)
CASE(test_asleep, 2500, asleep)
CASE(test_looks_rarely, 600000, looks_rarely)
CASE(test_jumps_out, 600000, jumps_out)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_unsettled),
		cmocka_unit_test(test_unsettled_first),
		cmocka_unit_test(test_nothing_newer),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_killed_for_long),
		cmocka_unit_test(test_asleep),
		cmocka_unit_test(test_looks_rarely),
		cmocka_unit_test(test_jumps_out),
	};

	isolate();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
