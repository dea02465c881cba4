/* Programs of both widths at one time, in one table of one daemon: both get the same answers. */
#include "drive.h"

#define PATIENCE_MS 60000

struct follower {
	pid_t pid;
	FILE *answers;
};

static struct follower follower_start(const char *folder)
{
	struct follower follower;
	int ends[2];

	assert_return_code(pipe(ends), errno);
	follower.pid = drive_start(folder, "client_follow", getenv("PRELOAD"), ends[1],
	                           (const char *[]){ "follow", "-1", "0" });
	close(ends[1]);
	follower.answers = fdopen(ends[0], "r");
	assert_non_null(follower.answers);
	setvbuf(follower.answers, NULL, _IONBF, 0); /* so that poll() sees all that is left */
	return follower;
}

static void follower_stop(struct follower *follower)
{
	kill(follower->pid, SIGKILL);
	waitpid(follower->pid, NULL, 0);
	fclose(follower->answers);
}

static bool follower_hears(struct follower *follower, unsigned k)
{
	struct pollfd wait = { .fd = fileno(follower->answers), .events = POLLIN };
	char expected[64], line[512];

	snprintf(expected, sizeof(expected), "192.0.2.%u 2001:db8::%u\n", 10 + k, 10 + k);
	while (poll(&wait, 1, PATIENCE_MS) == 1 && fgets(line, sizeof(line), follower->answers)) {
		if (strcmp(line, expected) == 0)
			return true;
	}
	fprintf(stderr, "# pid %d: no %s", (int)follower->pid, expected);
	return false;
}

static void test_side_by_side(void **state)
{
	static const enum fake_order orders[] = { FAKE_ANSWER, FAKE_REPLACE, FAKE_ANSWER,
		                                  FAKE_RESTART };
	struct follower followers[DRIVE_WIDTHS];
	bool heard = true;

	(void)state;
	drive_reset_fake(FAKE_STALE_LIMIT);
	for (size_t i = 0; i < DRIVE_WIDTHS; i++)
		followers[i] = follower_start(drive_folders[i]);
	for (unsigned k = 0; heard && k <= sizeof(orders) / sizeof(orders[0]); k++) {
		if (k > 0)
			heard = fake_order(drive_fake.channel, orders[k - 1], 0, k, NULL);
		for (size_t i = 0; heard && i < DRIVE_WIDTHS; i++)
			heard = follower_hears(&followers[i], k);
	}
	for (size_t i = 0; i < DRIVE_WIDTHS; i++)
		follower_stop(&followers[i]);
	assert_true(heard);
}

/* Sanitizer builds leave them out on purpose, and say so in the documentation alone. */
#if !defined(CLIENTS_32) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static void test_no_32(void **state)
{
	(void)state;
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ .name = "side by side", .test_func = test_side_by_side },
#if !defined(CLIENTS_32) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		{ .name = "programs of 32 bits: this compiler makes none (Debian: gcc-multilib)",
		  .test_func = test_no_32 },
#endif
	};
	int failed;

	drive_init();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	drive_stop_fake();
	return failed;
}
