/* Cgroups by their paths, and the words for a kernel that refuses. */
#include "door/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/cgroup.h"
#include "door/refusal.h"
#include "tests/support/unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void holds(void **state)
{
	static const struct {
		const char *cgroup, *inside;
		bool holds;
	} rows[] = {
		{ "/app.slice", "/app.slice", true },
		{ "/app.slice", "/app.slice/a.service", true },
		{ "/app.slice/a.service", "/app.slice", false },
		{ "/app", "/app.slice", false },
		{ "/app.slice", "/", false },
		{ "/", "/", true },
		{ "/", "/app.slice", true },
		{ "/app.slice/", "/app.slice/a", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(cgroup_holds(rows[i].cgroup, rows[i].inside), rows[i].holds);
}

static void of_process(void **state)
{
	static const struct {
		const char *text, *path; /* NULL: none */
	} rows[] = {
		{ "0::/system.slice/shuntd.service\n", "/system.slice/shuntd.service" },
		{ "9:name=systemd:/x\n4:memory:/y\n0::/\n", "/" },
		{ "10::/wrong\n0::/right\n", "/right" },
		{ "0::/a b\n", "/a b" },
		{ "0::/no end", "/no end" },
		{ "4:memory:/y\n", NULL },
		{ "0::relative\n", NULL },
		{ "", NULL },
	};
	char path[CGROUP_PATH_MAX], text[2 * CGROUP_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(cgroup_of_text(rows[i].text, path), rows[i].path != NULL);
		if (rows[i].path)
			assert_string_equal(path, rows[i].path);
	}
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "0::/", 4);
	assert_false(cgroup_of_text(text, path));
}

static void faults(void **state)
{
	static const char *const good[] = { "/a", "/system.slice/app.service", "/a/...",
		                            "/a.b/..c" };
	static const char *const bad[] = { "",
		                           "a",
		                           "/",
		                           "//",
		                           "/a/",
		                           "//a",
		                           "/a//b",
		                           "/a/.",
		                           "/./a",
		                           "/a/../b",
		                           "/..",
		                           "../a",
		                           "/sys/fs/cgroup/a" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_null(config_cgroup_fault(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(config_cgroup_fault(bad[i]));
}

static void words(void **state)
{
	static const struct {
		enum refusal_step step;
		int error;
		const char *part;
	} rows[] = {
		{ REFUSAL_MAP, EPERM, "CAP_BPF and CAP_NET_ADMIN" },
		{ REFUSAL_PROGRAM, EPERM, "locked down" },
		{ REFUSAL_LINK, EPERM, "a program on a cgroup above" },
		{ REFUSAL_PROGRAM, EINVAL, "Linux 5.8 with CONFIG_CGROUP_BPF" },
		{ REFUSAL_LINK, EINVAL, "Linux 5.8 with CONFIG_CGROUP_BPF" },
		{ REFUSAL_MAP, EINVAL, "the kernel refuses a map: Invalid argument" },
		{ REFUSAL_MAP, ENOSYS, "CONFIG_BPF_SYSCALL" },
		{ REFUSAL_LINK, EBADF, "no cgroup of version 2" },
		{ REFUSAL_LINK, E2BIG, "64 programs" },
		{ REFUSAL_PROGRAM, ENOMEM,
		  "the kernel refuses the program: Cannot allocate memory" },
	};
	char text[SHUNT_DOOR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		refusal_words(rows[i].step, rows[i].error, text);
		if (!strstr(text, rows[i].part))
			fail_msg("%s: lacks: %s", text, rows[i].part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds),
		cmocka_unit_test(of_process),
		cmocka_unit_test(faults),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
