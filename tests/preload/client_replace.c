/* The daemon lies, stops, dies, reloads: what an attached process, and one that tries to attach,
 * get. */
#include "client.h"

#include <setjmp.h>
#include <sys/time.h>

#define REPLACEMENTS 1000

static void lies(void)
{
	int before = count_descriptors();

	for (int lie = LIE_NONE + 1; lie < LIES; lie++) {
		fake_do(FAKE_WELCOME, 0, (uint32_t)lie);
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
	fake_do(FAKE_WELCOME, 0, LIE_NONE);
	attach();
}

/* Attaches, and time for one more in each second since `start`, ten times over. */
static bool is_few(uint32_t count, int64_t start)
{
	return count <= 10 * (1 + (now_ms() - start) / 1000);
}

/*
 * The first lookup waits for its attach, and no longer; one in three tries did, whatever the machine
 * was up to. The next 100 do not try again.
 */
static void mute(void)
{
	int64_t fastest = INT64_MAX, start;
	uint32_t asked;

	fake_do(FAKE_MUTE, 0, 1);
	for (int i = 0; i < 3; i++) {
		int pipe_of_child[2];
		int64_t took = 0;
		pid_t pid;

		CHECK(pipe(pipe_of_child) == 0);
		pid = fork();
		if (pid == 0) {
			start = now_ms();
			CHECK(is_passed("localhost"));
			took = now_ms() - start;
			_exit(write(pipe_of_child[1], &took, sizeof(took)) == sizeof(took) ? 0 : 1);
		}
		CHECK(waitpid(pid, NULL, 0) == pid);
		CHECK(read(pipe_of_child[0], &took, sizeof(took)) == sizeof(took));
		CHECK(took >= SHUNT_ATTACH_MS - 10);
		fastest = took < fastest ? took : fastest;
	}
	CHECK(fastest < 3000);
	asked = fake_asked();
	start = now_ms();
	for (int i = 0; i < 100; i++)
		CHECK(is_passed("localhost"));
	CHECK(is_few(fake_asked() - asked, start));
	fake_do(FAKE_MUTE, 0, 0);
	CHECK_SOON(!is_passed("localhost"));
	CHECK_ANSWER("localhost", ANSWER(0));
}

static void stopped(void)
{
	uint32_t waited = 0;
	int64_t begin;

	attach();
	fake_halt();
	begin = now_ms();
	/* Through the time in which the heartbeat is missed and the re-attach times out. */
	for (int i = 0; i < 200; i++) {
		int64_t start = now_ms();

		CHECK_ANSWER("localhost", ANSWER(0));
		waited += !was_quick(start);
		pause_ms(20);
	}
	CHECK(is_few(waited, begin));
	fake_go_on();
	fake_do(FAKE_REPLACE, 0, 3);
	CHECK_SOON(answers_with("localhost", ANSWER(3)));
}

static void many(void)
{
	int before = count_descriptors();

	attach();
	for (uint32_t i = 0; i < REPLACEMENTS; i++) {
		char expected[64];

		fake_do(FAKE_REPLACE, 0, i % 80);
		snprintf(expected, sizeof(expected), "192.0.2.%u 2001:db8::%u", 10 + i % 80,
		         10 + i % 80);
		CHECK_AT_ONCE("localhost", expected);
	}
	CHECK(count_tables() == 1);
	CHECK(count_descriptors() == before);
}

static void unsettled(void)
{
	attach();
	fake_do(FAKE_SETTLED, 0, 0);
	fake_do(FAKE_REPLACE, 0, 1);
	for (int i = 0; i < 30; i++) {
		CHECK_ANSWER("localhost", ANSWER(0));
		pause_ms(10);
	}
	fake_do(FAKE_SETTLED, 0, 1);
	CHECK_SOON(answers_with("localhost", ANSWER(1)));
}

static void unsettled_is_better_than_none(void)
{
	fake_do(FAKE_SETTLED, 0, 0);
	attach();
}

/* Superseded, and nothing newer: the daemon is not asked at each lookup. */
static void nothing_newer(void)
{
	uint32_t asked;
	int64_t start;

	attach();
	fake_do(FAKE_SUPERSEDE, 0, 0);
	CHECK_ANSWER("localhost", ANSWER(0));
	asked = fake_asked();
	start = now_ms();
	for (int i = 0; i < 100; i++)
		CHECK_ANSWER("localhost", ANSWER(0));
	fake_halt();
	for (int i = 0; i < 100; i++)
		CHECK_ANSWER("localhost", ANSWER(0));
	fake_go_on();
	CHECK(is_few(fake_asked() - asked, start));
}

static void killed(void)
{
	int64_t end;

	attach();
	CHECK(kill(fake_pid, SIGKILL) == 0);
	for (end = now_ms() + 3500; now_ms() < end; pause_ms(20))
		CHECK_ANSWER("localhost", ANSWER(0));
	CHECK(count_tables() == 1);
}

#define LIMIT 2500 /* ms; the stale limit of these two */

static void killed_for_long(void)
{
	int64_t start;
	bool kept;

	attach();
	start = now_ms();
	CHECK(!is_passed("localhost"));
	CHECK(kill(fake_pid, SIGKILL) == 0);
	/* Kept for as long as it may be; what was seen a moment later tells nothing. */
	do {
		kept = answers_with("localhost", ANSWER(0));
		CHECK(kept || now_ms() - start > LIMIT - 500);
		pause_ms(20);
	} while (kept && now_ms() - start < PATIENCE * 1000);
	CHECK(is_passed("localhost"));
	pause_ms(1200);
	CHECK(is_passed("localhost"));
}

/* The heartbeat stands still for longer than the limit and comes back. */
static void asleep(void)
{
	attach();
	fake_do(FAKE_BEAT, 0, 0);
	CHECK_SOON(is_passed("localhost"));
	fake_do(FAKE_BEAT, 0, 1);
	CHECK_SOON(answers_with("localhost", ANSWER(0)));
	/* Beyond the limit even a table that is not settled is better than none. */
	fake_do(FAKE_SETTLED, 0, 0);
	fake_do(FAKE_BEAT, 0, 0);
	CHECK_SOON(is_passed("localhost"));
	fake_do(FAKE_BEAT, 0, 1);
	fake_do(FAKE_REPLACE, 0, 2);
	CHECK_SOON(!is_passed("localhost"));
}

/*
 * The last beats came after the last lookup, which is long ago: they are no sign of life, and the
 * first lookup after the restart has its answer.
 */
static void looks_rarely(void)
{
	fake_do(FAKE_BEAT, 0, 0);
	attach();
	fake_do(FAKE_RESTART, 0, 3);
	pause_ms(SHUNT_HEARTBEAT_MS + SHUNT_HEARTBEAT_GONE_MS + 500);
	CHECK_AT_ONCE("localhost", ANSWER(3));
}

static sigjmp_buf out;

static void jump(int signal_number)
{
	(void)signal_number;
	siglongjmp(out, 1);
}

/* A program leaves an attach that waits: the answers stay. */
static void jumps_out(void)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 30000 } };

	attach();
	fake_do(FAKE_SUPERSEDE, 0, 0);
	fake_halt();
	CHECK(signal(SIGALRM, jump) != SIG_ERR);
	if (sigsetjmp(out, 1) == 0) {
		CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
		resolve_stream("localhost", (char[512]){ 0 });
		CHECK(!"left by the jump");
	}
	for (int i = 0; i < 20; i++)
		CHECK_ANSWER("localhost", ANSWER(0));
}

static const struct client_case cases[] = {
	{ "lies", FAKE_STALE_LIMIT, lies },
	{ "mute", FAKE_STALE_LIMIT, mute },
	{ "stopped", FAKE_STALE_LIMIT, stopped },
	{ "many", FAKE_STALE_LIMIT, many },
	{ "unsettled", FAKE_STALE_LIMIT, unsettled },
	{ "unsettled first", FAKE_STALE_LIMIT, unsettled_is_better_than_none },
	{ "nothing newer", FAKE_STALE_LIMIT, nothing_newer },
	{ "killed", FAKE_STALE_LIMIT, killed },
	{ "killed for long", LIMIT, killed_for_long },
	{ "asleep", LIMIT, asleep },
	{ "looks rarely", FAKE_STALE_LIMIT, looks_rarely },
	{ "jumps out", FAKE_STALE_LIMIT, jumps_out },
};
CLIENT_MAIN(cases)
