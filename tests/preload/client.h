/*
 * What the programs under the shim share. They are plain programs in both widths, without anything of
 * shunt's inside; drive.h runs them.
 *
 *   PROGRAM list                   a line for each case: its name and the stale limit that it needs
 *   PROGRAM CASE CHANNEL PID       runs it, with the stand-in for shuntd at the other end of CHANNEL
 *
 * Each case has a process of its own, since the shim attaches once for a process. A machine that stands
 * still makes an attach run out of its 100 ms, and a case must not mind: it starts with attach() where it
 * is not about the first lookup, and takes a late answer for what it is (CHECK_AT_ONCE).
 */
#ifndef SHUNT_TESTS_CLIENT_H
#define SHUNT_TESTS_CLIENT_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "orders.h"
#include "shunt/protocol.h"
#include "shunt/table.h"

#define PATIENCE 60 /* seconds, in which a busy machine has come to it */

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #condition);          \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

struct client_case {
	const char *name;
	uint32_t stale_limit;
	void (*run)(void);
};

/* --- the stand-in --------------------------------------------------------------------------------
 */

static int fake_channel;
static pid_t fake_pid;

static inline void fake_do(enum fake_order order, uint32_t offset, uint32_t value)
{
	CHECK(fake_order(fake_channel, order, offset, value, NULL));
}

/* Connections that the stand-in has had. */
static inline uint32_t fake_asked(void)
{
	uint32_t asked = 0;

	CHECK(fake_order(fake_channel, FAKE_ASKED, 0, 0, &asked));
	return asked;
}

/* Stands still when this returns; the signal alone is not waited for by kill(). */
static inline void fake_halt(void)
{
	char path[64], line[256];
	const char *state = NULL;

	CHECK(kill(fake_pid, SIGSTOP) == 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)fake_pid);
	do {
		FILE *file = fopen(path, "re");

		CHECK(file && fgets(line, sizeof(line), file));
		fclose(file);
		state = strrchr(line, ')');
	} while (!state || state[2] != 'T');
}

static inline void fake_go_on(void)
{
	CHECK(kill(fake_pid, SIGCONT) == 0);
}

/* --- lookups -------------------------------------------------------------------------------------
 */

/* "192.0.2.10 2001:db8::10", or "EAI -2". The text is the caller's. */
static inline const char *resolve_with(const char *name, const char *service,
                                       const struct addrinfo *hints, char text[512])
{
	struct addrinfo *list = NULL;
	int error = getaddrinfo(name, service, hints, &list);
	size_t n = 0;

	if (error) {
		snprintf(text, 512, "EAI %d", error);
		return text;
	}
	*text = '\0';
	for (struct addrinfo *a = list; a; a = a->ai_next) {
		char address[INET6_ADDRSTRLEN];
		const void *bytes =
		        a->ai_family == AF_INET
		                ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
		                : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;

		inet_ntop(a->ai_family, bytes, address, sizeof(address));
		n += (size_t)snprintf(text + n, 512 - n, "%s%s", n ? " " : "", address);
	}
	freeaddrinfo(list);
	return text;
}

static inline const char *resolve_stream(const char *name, char text[512])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

	return resolve_with(name, NULL, &hints, text);
}

#define ANSWER(k) "192.0.2.1" #k " 2001:db8::1" #k

static inline bool is_passed(const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_INET };
	char text[512];

	return strncmp(resolve_with(name, NULL, &hints, text), "127.0.0.1", 9) == 0;
}

static inline int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* Waits until the condition holds. */
#define CHECK_SOON(condition)                                                                      \
	do {                                                                                       \
		int64_t end_ = now_ms() + PATIENCE * 1000;                                         \
		while (!(condition)) {                                                             \
			CHECK(now_ms() < end_ || !"in time: " #condition);                         \
			pause_ms(20);                                                              \
		}                                                                                  \
	} while (0)

static inline bool answers_with(const char *name, const char *expected)
{
	char text[512];

	return strcmp(resolve_stream(name, text), expected) == 0;
}

#define CHECK_ANSWER(name, expected)                                                               \
	do {                                                                                       \
		char text_[512];                                                                   \
		const char *got_ = resolve_stream(name, text_);                                    \
		if (strcmp(got_, expected) != 0) {                                                 \
			fprintf(stderr, "# %s:%d: %s: %s instead of %s\n", __FILE__, __LINE__,     \
			        name, got_, expected);                                             \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* A lookup that is over before an attach has had its time. */
static inline bool was_quick(int64_t start)
{
	return now_ms() - start < SHUNT_ATTACH_MS - 1;
}

/* The very next lookup has the answer; unless its attach ran out of time, and then a later one has. */
#define CHECK_AT_ONCE(name, expected)                                                              \
	do {                                                                                       \
		char text_[512];                                                                   \
		int64_t start_ = now_ms();                                                         \
		bool good_ = strcmp(resolve_stream(name, text_), expected) == 0;                   \
		if (!good_ && was_quick(start_)) {                                                 \
			fprintf(stderr, "# %s:%d: %s: %s instead of %s\n", __FILE__, __LINE__,     \
			        name, text_, expected);                                            \
			_exit(1);                                                                  \
		}                                                                                  \
		if (!good_)                                                                        \
			CHECK_SOON(answers_with(name, expected));                                  \
	} while (0)

static inline void attach(void)
{
	CHECK_AT_ONCE("localhost", ANSWER(0));
}

/* --- this process --------------------------------------------------------------------------------
 */

static inline int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 3; /* ".", ".." and the folder's own */
}

/* Mappings of a memfd named `shunt` or `fake`. */
static inline int count_tables(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int count = 0;

	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "/memfd:shunt") || strstr(line, "/memfd:fake");
	fclose(maps);
	return count;
}

/* --- main ----------------------------------------------------------------------------------------
 */

static inline int client_main(int argc, char **argv, const struct client_case *cases, size_t count)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < count; i++)
			printf("%s %u\n", cases[i].name, (unsigned)cases[i].stale_limit);
		return 0;
	}
	for (size_t i = 0; argc == 4 && i < count; i++) {
		if (strcmp(cases[i].name, argv[1]) != 0)
			continue;
		fake_channel = (int)strtol(argv[2], NULL, 10);
		fake_pid = (pid_t)strtol(argv[3], NULL, 10);
		cases[i].run();
		return 0;
	}
	return 64;
}

#define CLIENT_MAIN(cases)                                                                         \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return client_main(argc, argv, cases, sizeof(cases) / sizeof((cases)[0]));         \
	}

#endif
