/* With a daemon: a managed name answers as a hosts entry would, everything else passes. */
#include "client.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define STREAM SOCK_STREAM

static void names(void)
{
	char long_name[400];

	attach();
	CHECK_ANSWER("Web.example.com", ANSWER(0));
	CHECK_ANSWER("web.example.com", ANSWER(0));
	CHECK_ANSWER("WEB.EXAMPLE.COM", ANSWER(0));
	CHECK_ANSWER("web.example.com.", ANSWER(0));
	CHECK_ANSWER("www", ANSWER(0));
	CHECK_ANSWER("www.", ANSWER(0));
	CHECK_ANSWER("fail.example.com", "EAI -3");
	CHECK_ANSWER("void.example.com", "EAI -3");
	CHECK_ANSWER("127.0.0.1", "127.0.0.1");
	CHECK_ANSWER("2001:db8::1", "2001:db8::1");
	memset(long_name, 'w', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	static const char *const others[] = {
		"web.example.com..", "eb.example.com", "web", "web.example.co", "w", ""
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK(strncmp(resolve_stream(others[i], (char[512]){ 0 }), "EAI", 3) == 0);
	CHECK(strncmp(resolve_stream(long_name, (char[512]){ 0 }), "EAI", 3) == 0);
}

/* They are libc's, whatever the table says: so the daemon is not even asked for one. */
static void literals(void)
{
	static const char *const texts[][2] = {
		{ "192.0.2.1", "192.0.2.1" },     { "2001:db8::1", "2001:db8::1" },
		{ "2001:db8::", "2001:db8::" },   { "::", "::" },
		{ "3221225985", "192.0.2.1" },    { "192.513", "192.0.2.1" },
		{ "::192.0.2.1", "::192.0.2.1" },
	};
	uint32_t asked = fake_asked();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK_ANSWER(texts[i][0], texts[i][1]);
	CHECK(fake_asked() == asked && count_tables() == 0);
	attach();
	CHECK_ANSWER("web1", ANSWER(0));
	CHECK_ANSWER("web1.", ANSWER(0));
	CHECK_ANSWER("192.0.2.1.example.com", ANSWER(0));
}

static void answers(void)
{
	attach();
	fake_do(FAKE_ANSWER, 0, 5);
	CHECK_ANSWER("localhost", ANSWER(5));
	fake_do(FAKE_LOCALHOST, 0, SHUNT_ANSWER_DNS);
	fake_do(FAKE_ANSWER, 0, 5);
	CHECK(is_passed("localhost"));
	fake_do(FAKE_LOCALHOST, 0, SHUNT_ANSWER_FAIL);
	fake_do(FAKE_ANSWER, 0, 5);
	CHECK_ANSWER("localhost", "EAI -3");
	fake_do(FAKE_LOCALHOST, 0, 1);
	fake_do(FAKE_ANSWER, 0, 6);
	CHECK_ANSWER("localhost", ANSWER(6));
}

static const struct {
	const char *name, *service;
	int family, type, protocol, flags;
	const char *expected;
} rows[] = {
	{ "www", "80", AF_INET, STREAM, 0, 0, "192.0.2.10" },
	{ "www", "http", AF_INET6, STREAM, 0, 0, "2001:db8::10" },
	{ "www", "http", AF_UNSPEC, 0, 0, 0, ANSWER(0) },
	{ "www", NULL, AF_INET, 0, 0, 0, "192.0.2.10 192.0.2.10 192.0.2.10" },
	{ "www", "80", AF_INET, SOCK_DGRAM, 0, AI_NUMERICSERV | AI_PASSIVE, "192.0.2.10" },
	{ "www", "http", AF_INET, STREAM, 0, AI_NUMERICSERV, "EAI -2" },
	{ "www", "nosuchservice", AF_INET, STREAM, 0, 0, "EAI -8" },
	{ "www", "ntp", AF_INET, STREAM, 0, 0, "EAI -8" },
	{ "www", NULL, AF_UNIX, STREAM, 0, 0, "EAI -6" },
	{ "www", NULL, AF_INET, 77, 0, 0, "EAI -7" },
	{ "www", NULL, AF_INET, STREAM, IPPROTO_UDP, 0, "EAI -7" },
	{ "www", NULL, AF_INET, STREAM, 0, 0x8000, "EAI -1" },
	{ "www", NULL, AF_INET, STREAM, 0, AI_NUMERICHOST, "EAI -2" },
	{ "www", NULL, AF_INET6, STREAM, 0, AI_V4MAPPED, "2001:db8::10" },
	{ "www", NULL, AF_INET6, STREAM, 0, AI_V4MAPPED | AI_ALL,
	  "2001:db8::10 ::ffff:192.0.2.10" },
	{ "only4.example.com", NULL, AF_INET6, STREAM, 0, 0, "EAI -2" },
	{ "only4.example.com", NULL, AF_INET6, STREAM, 0, AI_ALL, "EAI -2" },
	{ "only4.example.com", NULL, AF_INET6, STREAM, 0, AI_V4MAPPED, "::ffff:192.0.2.10" },
	{ "only4.example.com", "nosuchservice", AF_INET6, STREAM, 0, 0, "EAI -8" },
	{ "only4.example.com", NULL, AF_UNSPEC, STREAM, 0, 0, "192.0.2.10" },
	{ "only6.example.com", NULL, AF_INET, STREAM, 0, 0, "EAI -2" },
	{ "only6.example.com", NULL, AF_INET, 77, 0, 0, "EAI -7" },
	{ "only6.example.com", NULL, AF_UNSPEC, STREAM, 0, 0, "2001:db8::10" },
	{ "local.example.com", NULL, AF_INET, STREAM, 0, 0, "127.0.0.1" },
	{ "local.example.com", NULL, AF_UNSPEC, STREAM, 0, 0, "::1 fe80::5" },
	{ "local.example.com", NULL, AF_INET6, STREAM, 0, AI_V4MAPPED, "::1 fe80::5" },
	{ "fail.example.com", NULL, AF_INET, 77, 0, 0, "EAI -7" },
	{ "fail.example.com", "nosuchservice", AF_INET6, STREAM, 0, 0, "EAI -8" },
};

static void hints_and_services(void)
{
	attach();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addrinfo hints = { .ai_family = rows[i].family,
			                  .ai_socktype = rows[i].type,
			                  .ai_protocol = rows[i].protocol,
			                  .ai_flags = rows[i].flags };
		char text[512];

		resolve_with(rows[i].name, rows[i].service, &hints, text);
		if (strcmp(text, rows[i].expected) != 0) {
			fprintf(stderr, "# row %zu: %s\n", i, text);
			_exit(1);
		}
	}
}

static void nodes(void)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME | AI_PASSIVE }, *list, *a;

	attach();
	errno = 4711;
	CHECK(getaddrinfo("wWw", "https", &hints, &list) == 0 && errno == 4711);
	CHECK(strcmp(list->ai_canonname, "Web.example.com") == 0);
	CHECK(list->ai_socktype == SOCK_STREAM && list->ai_protocol == IPPROTO_TCP);
	CHECK(((struct sockaddr_in *)list->ai_addr)->sin_port == htons(443));
	for (a = list; a; a = a->ai_next)
		CHECK(a->ai_flags == hints.ai_flags && (a == list || !a->ai_canonname));
	freeaddrinfo(list);

	CHECK(getaddrinfo("www", NULL, NULL, &list) == 0);
	CHECK(!list->ai_canonname && list->ai_flags == (AI_V4MAPPED | AI_ADDRCONFIG));
	freeaddrinfo(list);

	hints = (struct addrinfo){ .ai_socktype = SOCK_STREAM };
	CHECK(getaddrinfo("local.example.com", "1", &hints, &list) == 0);
	CHECK(((struct sockaddr_in6 *)list->ai_addr)->sin6_scope_id == 0);
	CHECK(((struct sockaddr_in6 *)list->ai_next->ai_addr)->sin6_scope_id == 7);
	freeaddrinfo(list);
}

static void nothing_is_kept(void)
{
	int before = count_descriptors();

	attach();
	CHECK(count_descriptors() == before);
	CHECK(count_tables() == 1);
}

static bool stdio_is_closed(void)
{
	return fcntl(0, F_GETFD) == -1 && fcntl(1, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1;
}

static void close_stdio(void)
{
	close(0);
	close(1);
	close(2);
}

/* With the first three closed the attach still works, and leaves them closed. */
static void without_stdio(void)
{
	close_stdio();
	attach();
	_exit(stdio_is_closed() ? 0 : 1);
}

enum { BEFORE, WITHIN, AFTER };
static atomic_int lookup = BEFORE;
static atomic_int sleeps, opened;

/*
 * Looks at the stat file of the thread that looks up. A moment is not to be avoided, since a descriptor begins
 * at the lowest number; so what counts is how things are while it sleeps, and its only sleep is the wait.
 */
static void *watch_stdio(void *file)
{
	char line[256];
	int fd = *(int *)file;

	while (atomic_load(&lookup) != AFTER) {
		bool within = atomic_load(&lookup) == WITHIN;
		ssize_t n = pread(fd, line, sizeof(line) - 1, 0);
		const char *end;

		line[n > 0 ? n : 0] = '\0';
		end = strrchr(line, ')');
		if (within && end && end[2] == 'S') {
			atomic_fetch_add(&sleeps, 1);
			atomic_fetch_add(&opened, !stdio_is_closed());
		}
		sched_yield();
	}
	return NULL;
}

/* While it waits for a daemon that says nothing it does not sit on them either. */
static void waiting_without_stdio(void)
{
	int64_t end = now_ms() + PATIENCE * 1000;
	int file = open("/proc/thread-self/stat", O_RDONLY | O_CLOEXEC);
	pthread_t thread;

	CHECK(file > STDERR_FILENO);
	fake_do(FAKE_MUTE, 0, 1);
	close_stdio();
	if (pthread_create(&thread, NULL, watch_stdio, &file) != 0)
		_exit(1);
	/* Again, a second later at first, should the watcher have got no turn. A number that libc reads, and opens no file for. */
	while (atomic_load(&sleeps) == 0 && now_ms() < end) {
		atomic_store(&lookup, WITHIN);
		resolve_stream("0x7f000001", (char[512]){ 0 });
		atomic_store(&lookup, BEFORE);
	}
	atomic_store(&lookup, AFTER);
	pthread_join(thread, NULL);
	_exit(atomic_load(&sleeps) > 0 && atomic_load(&opened) == 0 ? 0 : 1);
}

static void check_line(int end, const char *want)
{
	char line[512] = "";

	CHECK(read(end, line, sizeof(line) - 1) > 0);
	if (strcmp(line, want) != 0)
		dprintf(STDOUT_FILENO, "want %snot  %s", want, line);
	CHECK(strcmp(line, want) == 0);
}

static void debug_says(int end, const char *name, int family, int flags, const char *want)
{
	const struct addrinfo hints = { .ai_family = family,
		                        .ai_flags = flags,
		                        .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;

	if (getaddrinfo(name, NULL, &hints, &list) == 0)
		freeaddrinfo(list);
	check_line(end, want);
}

static void debug_says_r(int end, const char *name, int family, size_t size, const char *want)
{
	struct hostent room, *host;
	char buffer[1024];
	int error;

	gethostbyname2_r(name, family, &room, buffer, size, &host, &error);
	check_line(end, want);
}

static void debug(void)
{
	char line[512] = "", text[512];
	int ends[2];

	setenv("SHUNT_DEBUG", "1", 1);
	attach();
	CHECK(pipe(ends) == 0 && dup2(ends[1], 2) == 2);
	CHECK(is_passed("localhost") == false);
	CHECK(read(ends[0], line, sizeof(line) - 1) > 0);
	CHECK(strcmp(line, "shunt: localhost: 192.0.2.10\n") == 0);
	debug_says(ends[0], "localhost", AF_UNSPEC, 0,
	           "shunt: localhost: 192.0.2.10 2001:db8:0:0:0:0:0:10\n");
	debug_says(ends[0], "localhost", AF_INET6, AI_V4MAPPED | AI_ALL,
	           "shunt: localhost: 2001:db8:0:0:0:0:0:10 0:0:0:0:0:ffff:c000:20a\n");
	debug_says(ends[0], "localhost", 99, 0, "shunt: localhost: refused, wrong arguments\n");
	debug_says(ends[0], "only4.example.com", AF_INET6, 0,
	           "shunt: only4.example.com: no address of this family\n");
	debug_says_r(ends[0], "only4.example.com", AF_INET6, 1024,
	             "shunt: only4.example.com: no address of this family\n");
	debug_says_r(ends[0], "localhost", AF_INET6, 1024,
	             "shunt: localhost: 2001:db8:0:0:0:0:0:10\n");
	debug_says_r(ends[0], "localhost", AF_INET6, 1, "shunt: localhost: buffer too small\n");
	resolve_stream("192.0.2.1", text);
	memset(line, 0, sizeof(line));
	CHECK(read(ends[0], line, sizeof(line) - 1) > 0);
	CHECK(strcmp(line, "shunt: 192.0.2.1: passed on\n") == 0);
	/* The pipe has no reader any more: no SIGPIPE. */
	close(ends[0]);
	CHECK(is_passed("localhost") == false);
}

static const struct client_case cases[] = {
	{ "names", FAKE_STALE_LIMIT, names },
	{ "literals", FAKE_STALE_LIMIT, literals },
	{ "answers", FAKE_STALE_LIMIT, answers },
	{ "hints", FAKE_STALE_LIMIT, hints_and_services },
	{ "nodes", FAKE_STALE_LIMIT, nodes },
	{ "nothing is kept", FAKE_STALE_LIMIT, nothing_is_kept },
	{ "without stdio", FAKE_STALE_LIMIT, without_stdio },
	{ "waiting without stdio", FAKE_STALE_LIMIT, waiting_without_stdio },
	{ "debug", FAKE_STALE_LIMIT, debug },
};
CLIENT_MAIN(cases)
