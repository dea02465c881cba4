/*
 * What a connect() costs that has nothing to do with shunt: nanoseconds for a call that the kernel
 * refuses at once, for it has no socket.
 *
 *   unrelated [NAME]    once NAME was looked up, so that there is something to compare with
 *
 * Prints the least of many short turns. The program does not depend on what is preloaded.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define TURNS 2000
#define CALLS 200

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void look_up(const char *name)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;

	if (getaddrinfo(name, "80", &hints, &found) != 0)
		errx(1, "%s: there is no answer", name);
	freeaddrinfo(found);
}

int main(int argc, char **argv)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(80) };
	uint64_t least = UINT64_MAX;

	if (argc > 1)
		look_up(argv[1]);
	inet_pton(AF_INET, "192.0.2.77", &peer.sin_addr);
	for (int turn = 0; turn < TURNS; turn++) {
		const uint64_t start = now_ns();
		uint64_t took;

		for (int call = 0; call < CALLS; call++)
			(void)connect(-1, (struct sockaddr *)&peer, sizeof(peer));
		took = now_ns() - start;
		if (took < least)
			least = took;
	}
	printf("%.1f\n", (double)least / CALLS);
	return 0;
}
