/* Eight threads that look up while answers and tables change; forks in the middle of it. */
#include "client.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 8
#define CHANGES 300
#define FORKS 40
#define FIRSTS 10

static atomic_bool over;
static atomic_bool attached; /* some lookup has had an answer of ours */
static atomic_uint lookups;
static atomic_uint timed_out; /* those that waited for an attach, and had libc's answer */
static atomic_uint passed_on; /* those that did not wait, and had it too */

/* Both addresses of an answer are of the same state, whichever it is. */
static bool is_whole(const char *text)
{
	unsigned a, b;
	int end = 0;

	return sscanf(text, "192.0.2.%u 2001:db8::%u%n", &a, &b, &end) == 2 && !text[end] &&
	       a == b && a >= 10 && a < 90;
}

/*
 * Only before there is a table, and on a machine that stood still for as long as a first attach takes, may an
 * answer be libc's; and then for everyone until the next try.
 */
static void *look_up(void *unused)
{
	char text[512];

	while (!atomic_load(&over)) {
		bool first = !atomic_load(&attached);
		int64_t begin = now_ms();

		resolve_stream("localhost", text);
		if (is_whole(text)) {
			atomic_store(&attached, true);
		} else if (first && !strstr(text, "192.0.2.")) {
			atomic_fetch_add(was_quick(begin) ? &passed_on : &timed_out, 1);
		} else {
			fprintf(stderr, "# %s\n", text);
			_exit(1);
		}
		atomic_fetch_add(&lookups, 1);
	}
	return unused;
}

static void start(pthread_t threads[THREADS])
{
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, look_up, NULL) == 0);
}

static void finish(pthread_t threads[THREADS])
{
	atomic_store(&over, true);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(atomic_load(&attached));
	CHECK(atomic_load(&passed_on) == 0 || atomic_load(&timed_out) > 0);
}

static void changes(void)
{
	pthread_t threads[THREADS];
	int before = count_descriptors();

	start(threads);
	for (uint32_t i = 0; i < CHANGES; i++) {
		unsigned seen = atomic_load(&lookups);

		fake_do(i % 3 ? FAKE_ANSWER : FAKE_REPLACE, 0, i % 80);
		CHECK_SOON(atomic_load(&lookups) > seen + THREADS);
	}
	finish(threads);
	CHECK(count_tables() == 1);
	CHECK(count_descriptors() == before);
}

static int child_of_fork(void)
{
	char text[512];

	for (int i = 0; i < 10; i++) {
		if (!is_whole(resolve_stream("localhost", text)))
			return 1;
	}
	return 0;
}

static void forks(void)
{
	pthread_t threads[THREADS];

	attach();
	start(threads);
	for (uint32_t i = 0; i < FORKS; i++) {
		pid_t pid;
		int status;

		fake_do(i % 2 ? FAKE_ANSWER : FAKE_REPLACE, 0, i);
		pid = fork();
		if (pid == 0)
			_exit(child_of_fork());
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	finish(threads);
}

/* Many threads whose first lookup is at one time: none passes a managed name on. */
static void first_together(void)
{
	pthread_t threads[THREADS];

	start(threads);
	CHECK_SOON(atomic_load(&attached) && atomic_load(&lookups) > 100);
	finish(threads);
	CHECK(count_tables() == 1);
}

/* More than once, and each time in a process that has not attached yet. */
static void first_together_often(void)
{
	for (int i = 0; i < FIRSTS; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			first_together();
			exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
}

static const struct client_case cases[] = {
	{ "changes", FAKE_STALE_LIMIT, changes },
	{ "forks", FAKE_STALE_LIMIT, forks },
	{ "first together", FAKE_STALE_LIMIT, first_together_often },
};
CLIENT_MAIN(cases)
