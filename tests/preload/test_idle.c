/* Loaded, with no daemon: nobody notices. */
#include "daemon.h"

static void everything_is_libcs(const struct fake *fake)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list = NULL;
	char text[512];

	(void)fake;
	CHECK(is_passed("localhost"));
	CHECK(strcmp(resolve_stream("192.0.2.1", text), "192.0.2.1") == 0);
	CHECK(strcmp(resolve_stream("2001:db8::1", text), "2001:db8::1") == 0);
	CHECK(strcmp(resolve_with(NULL, "80", &hints, text), "127.0.0.1") == 0);
	CHECK(getaddrinfo(NULL, NULL, &hints, &list) == EAI_NONAME);
	hints.ai_flags = AI_NUMERICHOST;
	CHECK(getaddrinfo("localhost", NULL, &hints, &list) == EAI_NONAME);
	hints.ai_flags = 0x8000;
	CHECK(getaddrinfo("localhost", NULL, &hints, &list) == EAI_BADFLAGS);
	hints.ai_flags = 0;
	hints.ai_family = 99;
	CHECK(getaddrinfo("localhost", NULL, &hints, &list) == EAI_FAMILY);
	CHECK(list == NULL);
}

static void errno_and_descriptors_stay(const struct fake *fake)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *list;
	int before = count_descriptors();

	(void)fake;
	/* A literal without AI_NUMERICHOST takes our road, and libc's own does not touch errno. */
	for (int i = 0; i < 3; i++) {
		hints.ai_flags = i == 0 ? AI_NUMERICHOST : 0;
		errno = 4711;
		CHECK(getaddrinfo("192.0.2.1", "80", &hints, &list) == 0);
		CHECK(errno == 4711);
		freeaddrinfo(list);
	}
	CHECK(count_descriptors() == before);
	CHECK(count_tables() == 0);
}

static void odd_names_pass(const struct fake *fake)
{
	struct addrinfo *list;
	char name[2000];

	(void)fake;
	for (size_t length = 1; length < sizeof(name); length += 250) {
		memset(name, ':',
		       length); /* no name and no literal: libc refuses it without asking anybody */
		name[length] = '\0';
		CHECK(getaddrinfo(name, NULL, &(struct addrinfo){ .ai_flags = AI_NUMERICHOST },
		                  &list) == EAI_NONAME);
		CHECK(getaddrinfo(name, "nosuchservice", NULL, &list) == EAI_SERVICE);
	}
	CHECK(getaddrinfo("", "nosuchservice", NULL, &list) == EAI_SERVICE);
	CHECK(getaddrinfo(".", "nosuchservice", NULL, &list) == EAI_SERVICE);
	CHECK(getaddrinfo("..", "nosuchservice", NULL, &list) == EAI_SERVICE);
}

static void a_path_too_long_is_no_daemon(const struct fake *fake)
{
	char path[400] = "/";

	(void)fake;
	memset(path + 1, 'x', sizeof(path) - 2);
	setenv("SHUNT_SOCKET", path, 1);
	CHECK(is_passed("localhost"));
}

static void no_daemon(void (*run)(const struct fake *))
{
	char path[108];

	fake_path(path);
	unlink(path);
	in_child(run, NULL);
}

static void test_libc(void **state)
{
	(void)state;
	no_daemon(everything_is_libcs);
}

static void test_errno(void **state)
{
	(void)state;
	no_daemon(errno_and_descriptors_stay);
}

static void test_names(void **state)
{
	(void)state;
	no_daemon(odd_names_pass);
}

static void test_path(void **state)
{
	(void)state;
	no_daemon(a_path_too_long_is_no_daemon);
}

static void disabled(const struct fake *fake)
{
	(void)fake;
	setenv("SHUNT_DISABLE", "1", 1);
	CHECK(is_passed("localhost"));
	CHECK(count_tables() == 0);
}

static void not_disabled(const struct fake *fake)
{
	(void)fake;
	setenv("SHUNT_DISABLE", "0", 1);
	CHECK_ANSWER("localhost", ANSWER(0));
}

static void test_disable(void **state)
{
	(void)state;
	with_fake(disabled);
	with_fake(not_disabled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libc),    cmocka_unit_test(test_errno),
		cmocka_unit_test(test_names),   cmocka_unit_test(test_path),
		cmocka_unit_test(test_disable),
	};

	isolate();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
