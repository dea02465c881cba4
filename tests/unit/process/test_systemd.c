/* What a service manager is told, at every kind of address, and who it watches. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/log.h"
#include "daemon/process/systemd.h"
#include "tests/support/unit.h"

#define SELF 4711

static const struct {
	const char *usec, *pid;
	uint64_t us;
} watches[] = {
	{ NULL, NULL, 0 },
	{ "30000000", NULL, 30000000 },
	{ "30000000", "4711", 30000000 },
	{ "30000000", "4712", 0 },
	{ "30000000", "", 0 },
	{ "30000000", "4711x", 0 },
	{ NULL, "4711", 0 },
	{ "0", NULL, 0 },
	{ "", NULL, 0 },
	{ "-1", NULL, 0 },
	{ " 1", NULL, 0 },
	{ "1s", NULL, 0 },
	{ "9223372036854775807", NULL, INT64_MAX },
	{ "9223372036854775808", NULL, 0 },
	{ "99999999999999999999", NULL, 0 },
};

static void test_watchdog(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(watches) / sizeof(watches[0]); i++)
		assert_int_equal(systemd_watchdog_us(watches[i].usec, watches[i].pid, SELF),
		                 watches[i].us);
}

static void assert_told(int fd, const char *expected)
{
	char text[256];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	text[n] = '\0';
	if (strchr(expected, '*'))
		text[strchr(expected, '*') - expected] = '*', text[strlen(expected)] = '\0';
	assert_string_equal(text, expected);
}

static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	return fd;
}

/* A path, and an abstract name. */
static void test_messages(void **state)
{
	static const char *const kinds[] = { "/tmp/shunt-unit-%d", "@shunt-unit-%d" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct systemd *systemd;
		char name[64];
		int fd;

		snprintf(name, sizeof(name), kinds[i], (int)getpid());
		fd = listen_at(name);
		setenv("NOTIFY_SOCKET", name, 1);
		setenv("WATCHDOG_USEC", "1000000", 1);
		systemd = systemd_new();
		assert_non_null(systemd);
		assert_null(getenv("NOTIFY_SOCKET"));
		assert_null(getenv("WATCHDOG_USEC"));
		systemd_status(systemd, "a word");
		systemd_ready(systemd);
		systemd_reloading(systemd);
		systemd_stopping(systemd);
		assert_told(fd, "STATUS=a word");
		assert_told(fd, "READY=1");
		assert_told(fd, "RELOADING=1\nMONOTONIC_USEC=*");
		assert_told(fd, "STOPPING=1");
		systemd_free(systemd);
		close(fd);
		unlink(name);
	}
}

/* Nobody, and names that are none: not a word, and the variables are gone. */
static void test_nobody(void **state)
{
	char deep[200];
	const char *names[] = { NULL, "", "relative", "/", "@", deep };

	(void)state;
	memset(deep, '/', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	log_set_level(LOG_LEVEL_ERROR);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i])
			setenv("NOTIFY_SOCKET", names[i], 1);
		setenv("WATCHDOG_PID", "1", 1);
		assert_null(systemd_new());
		assert_null(getenv("NOTIFY_SOCKET"));
		assert_null(getenv("WATCHDOG_PID"));
	}
	assert_true(systemd_watch(NULL, NULL));
	systemd_ready(NULL);
	systemd_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
