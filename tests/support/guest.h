/*
 * Shared code of the programs of tests/system/test_manners.py. Plain C, like third-party programs:
 * they know nothing about the library except that, once it has its table, the name below has an
 * address that libc would not return.
 *
 *   PROGRAM CASE [ARGUMENT]    prints "ok", status 0; or the failed check, status 1;
 *                              status 77: cannot be tested here
 */
#ifndef GUEST_H
#define GUEST_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GUEST_NAME                                                                                 \
	"localhost" /* in /etc/hosts of every host, so passing it on sends no DNS query */
#define GUEST_ADDRESS "192.0.2.1"
/*
 * getaddrinfo() parses this number without opening a descriptor. The library treats it as a name,
 * so it looks for its table first.
 */
#define GUEST_NUMBER "0xc0000209"
#define GUEST_NUMBER_ADDRESS "192.0.2.9"
#define GUEST_PATIENCE 60 /* seconds; enough for a busy machine to answer */
#define GUEST_SKIP 77
#define GUEST_DESCRIPTORS 256 /* descriptors that are checked */

enum guest_answer { GUEST_MANAGED, GUEST_PASSED, GUEST_FAILED };

static int guest_report = STDERR_FILENO;

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(guest_report, "%s:%d: not so: %s (errno %d)\n", __FILE__,          \
			        __LINE__, #condition, errno);                                      \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

#define SKIP_UNLESS(condition)                                                                     \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(guest_report, "%s: %s\n", #condition, strerror(errno));            \
			_exit(GUEST_SKIP);                                                         \
		}                                                                                  \
	} while (0)

struct guest_case {
	const char *word;
	void (*run)(const char *argument);
};

static inline enum guest_answer guest_look_up(const char *name, const char *want)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char text[INET_ADDRSTRLEN];
	bool same;

	if (getaddrinfo(name, "80", &hints, &list) != 0)
		return GUEST_FAILED;
	inet_ntop(AF_INET, &((struct sockaddr_in *)list->ai_addr)->sin_addr, text, sizeof(text));
	same = strcmp(text, want) == 0;
	freeaddrinfo(list);
	return same ? GUEST_MANAGED : GUEST_PASSED;
}

static inline enum guest_answer guest_ask(void)
{
	return guest_look_up(GUEST_NAME, GUEST_ADDRESS);
}

/* As guest_ask(), but without allocations and without libc. */
static inline enum guest_answer guest_ask_r(void)
{
	struct hostent room, *host = NULL;
	const struct in_addr want = { inet_addr(GUEST_ADDRESS) };
	char buffer[1024];
	int error;

	if (gethostbyname_r(GUEST_NAME, &room, buffer, sizeof(buffer), &host, &error) != 0 || !host)
		return GUEST_FAILED;
	return memcmp(host->h_addr_list[0], &want, sizeof(want)) == 0 ? GUEST_MANAGED
	                                                              : GUEST_PASSED;
}

/* May cause an attach; the answer is right either way. */
static inline void guest_knock(void)
{
	CHECK(guest_look_up(GUEST_NUMBER, GUEST_NUMBER_ADDRESS) == GUEST_MANAGED);
}

/* Make libc keep free memory, so that it does not ask the kernel for more for a while. */
static inline void guest_warm_heap(void)
{
	void *volatile heap = malloc(65536);

	free(heap);
}

static inline double guest_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* On a busy machine, or because of a signal, the first attach may have timed out. */
static inline void guest_attach(void)
{
	double end = guest_seconds() + GUEST_PATIENCE;

	while (guest_ask() != GUEST_MANAGED) {
		CHECK(guest_seconds() < end);
		usleep(5000);
	}
}

static inline void guest_many(int count)
{
	for (int i = 0; i < count; i++)
		CHECK(guest_ask() == GUEST_MANAGED);
}

static inline int guest_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < GUEST_DESCRIPTORS; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static inline pid_t guest_fork(void (*run)(void))
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (child > 0)
		return child;
	alarm(2 * GUEST_PATIENCE); /* if it hangs, it is killed and fails */
	run();
	_exit(0);
}

static inline void guest_join(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		CHECK(errno == EINTR);
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		_exit(WEXITSTATUS(status)); /* it has printed why */
	CHECK(!WIFSIGNALED(status) || WTERMSIG(status) < 0);
}

static inline void guest_in_children(int count, void (*run)(void))
{
	for (int i = 0; i < count; i++)
		guest_join(guest_fork(run));
}

static inline void guest_threads(pthread_t *threads, int count, void *(*run)(void *))
{
	for (int i = 0; i < count; i++)
		CHECK(pthread_create(&threads[i], NULL, run, NULL) == 0);
}

static inline void guest_join_threads(pthread_t *threads, int count)
{
	for (int i = 0; i < count; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

/* Send a word to the test, and wait for its reply line. */
static inline void guest_tell(const char *word)
{
	char line[16];

	CHECK(dprintf(STDOUT_FILENO, "%s\n", word) > 0);
	CHECK(read(STDIN_FILENO, line, sizeof(line)) > 0);
}

static inline int guest_main(int argc, char **argv, const struct guest_case *cases, size_t count)
{
	for (size_t i = 0; argc > 1 && i < count; i++) {
		if (strcmp(argv[1], cases[i].word) != 0)
			continue;
		cases[i].run(argc > 2 ? argv[2] : "");
		return dprintf(STDOUT_FILENO, "ok\n") > 0 ? 0 : 1;
	}
	return 64;
}

#endif
