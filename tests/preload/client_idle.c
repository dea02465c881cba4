/* Loaded, with no daemon: the program behaves as without the library. */
#include "client.h"

/* Before the first lookup, which is when the library takes its settings. */
static void no_daemon(void)
{
	CHECK(setenv("SHUNT_SOCKET", "/nonexistent/shunt.sock", 1) == 0);
}

static void everything_is_libcs(void)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list = NULL;
	char text[512];

	no_daemon();
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

static void errno_and_descriptors_stay(void)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *list;
	int before = count_descriptors();

	no_daemon();
	/* A hexadecimal number without AI_NUMERICHOST takes our road, and libc's own does not touch errno. */
	for (int i = 0; i < 3; i++) {
		hints.ai_flags = i == 0 ? AI_NUMERICHOST : 0;
		errno = 4711;
		CHECK(getaddrinfo("0xc0000201", "80", &hints, &list) == 0);
		CHECK(errno == 4711);
		freeaddrinfo(list);
	}
	CHECK(count_descriptors() == before);
	CHECK(count_tables() == 0);
}

static void odd_names_pass(void)
{
	struct addrinfo *list;
	char name[2000];

	no_daemon();
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

static void a_path_too_long_is_no_daemon(void)
{
	char path[400] = "/";

	memset(path + 1, 'x', sizeof(path) - 2);
	setenv("SHUNT_SOCKET", path, 1);
	CHECK(is_passed("localhost"));
}

static void disabled(void)
{
	setenv("SHUNT_DISABLE", "1", 1);
	CHECK(is_passed("localhost"));
	CHECK(count_tables() == 0);
}

static void not_disabled(void)
{
	setenv("SHUNT_DISABLE", "0", 1);
	attach();
}

static const struct client_case cases[] = {
	{ "everything is libc's", FAKE_STALE_LIMIT, everything_is_libcs },
	{ "errno and descriptors", FAKE_STALE_LIMIT, errno_and_descriptors_stay },
	{ "odd names", FAKE_STALE_LIMIT, odd_names_pass },
	{ "a path too long", FAKE_STALE_LIMIT, a_path_too_long_is_no_daemon },
	{ "disabled", FAKE_STALE_LIMIT, disabled },
	{ "not disabled", FAKE_STALE_LIMIT, not_disabled },
};
CLIENT_MAIN(cases)
