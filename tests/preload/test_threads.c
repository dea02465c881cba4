/* Eight threads that look up while answers and tables change; forks in the middle of it. */
#include "daemon.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 8
#define CHANGES 300
#define FORKS 40

static atomic_bool over;
static atomic_bool attached; /* some lookup has had an answer of ours */
static atomic_uint lookups;

/* Both addresses of an answer are of the same state, whichever it is. */
static bool is_whole(const char *text)
{
	unsigned a, b;
	int end = 0;

	return sscanf(text, "192.0.2.%u 2001:db8::%u%n", &a, &b, &end) == 2 && !text[end] &&
	       a == b && a >= 10 && a < 90;
}

static void *look_up(void *unused)
{
	char text[512];

	while (!atomic_load(&over)) {
		bool first = !atomic_load(&attached);
		int64_t begin = now_ms();

		resolve_stream("localhost", text);
		if (is_whole(text)) {
			atomic_store(&attached, true);
		} else if (!first || strstr(text, "192.0.2.") ||
		           now_ms() - begin < SHUNT_ATTACH_MS) {
			/* Only a first one, which could not attach in its time on a machine that
			 * stood still, may be libc's. */
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
}

static void changes(const struct fake *fake)
{
	pthread_t threads[THREADS];
	int before = count_descriptors();

	start(threads);
	for (uint32_t i = 0; i < CHANGES; i++) {
		unsigned seen = atomic_load(&lookups);

		fake_do(fake, i % 3 ? FAKE_ANSWER : FAKE_REPLACE, 0, i % 80);
		CHECK_SOON(atomic_load(&lookups) > seen + THREADS, 30);
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

static void forks(const struct fake *fake)
{
	pthread_t threads[THREADS];

	CHECK_ANSWER("localhost", ANSWER(0));
	start(threads);
	for (uint32_t i = 0; i < FORKS; i++) {
		pid_t pid;
		int status;

		fake_do(fake, i % 2 ? FAKE_ANSWER : FAKE_REPLACE, 0, i);
		pid = fork();
		if (pid == 0)
			_exit(child_of_fork());
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	finish(threads);
}

/* Many threads whose first lookup is at one time: none passes a managed name on. */
static void first_together(const struct fake *fake)
{
	pthread_t threads[THREADS];

	(void)fake;
	start(threads);
	CHECK_SOON(atomic_load(&lookups) > 100, 30);
	finish(threads);
	CHECK(count_tables() == 1);
}

static void test_changes(void **state)
{
	(void)state;
	with_fake(changes);
}

static void test_forks(void **state)
{
	(void)state;
	with_fake(forks);
}

static void test_first(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		with_fake(first_together);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_forks),
		cmocka_unit_test(test_first),
	};

	isolate();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
