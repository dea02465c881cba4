/*
 * A client that looks up names in a loop while their primaries are broken: measures the time from
 * the break to the first right answer.
 *
 *   breaks <ROUNDS
 *
 * ROUNDS has one line per round: "ROW HOW NAME PRIMARY STANDBY PID INTERVAL_MS". HOW is kill or
 * blackhole, which are signals to endpoint.c, the process PID. Once all names are answered by their
 * primary, each is broken at a random time within its INTERVAL, so that the break falls anywhere
 * between two probes, and looked up a thousand times per INTERVAL (of the shortest one), at most
 * every millisecond. Prints "ROW HOW SECONDS" for each.
 *
 * A lookup is getaddrinfo(); the program does not depend on what answers it (a preloaded library,
 * DNS).
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 4096
#define LIMIT_US 300000000u /* for all answers, from the first break on */
#define POSTPONE_US 100000u

enum state { WHOLE, BROKEN, DONE };

struct round {
	char row[32], how[16], name[256], primary[64], standby[64];
	pid_t pid;
	unsigned interval; /* ms */
	enum state state;
	uint64_t due_us, broken_us;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void pause_us(uint64_t us)
{
	const struct timespec pause = { (time_t)(us / 1000000), (long)(us % 1000000 * 1000) };

	nanosleep(&pause, NULL);
}

static size_t read_rounds(struct round *rounds)
{
	size_t count = 0;

	for (; count < ROUNDS_MAX; count++) {
		struct round *r = &rounds[count];
		int pid;

		if (scanf("%31s %15s %255s %63s %63s %d %u", r->row, r->how, r->name, r->primary,
		          r->standby, &pid, &r->interval) != 7)
			break;
		r->pid = pid;
	}
	return count;
}

static bool answers(const char *name, const char *address)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	char text[INET_ADDRSTRLEN] = "";

	if (getaddrinfo(name, "80", &hints, &list) != 0)
		return false;
	inet_ntop(AF_INET, &((struct sockaddr_in *)list->ai_addr)->sin_addr, text, sizeof(text));
	freeaddrinfo(list);
	return strcmp(text, address) == 0;
}

static void wait_for_primaries(const struct round *rounds, size_t count)
{
	const uint64_t end = now_us() + LIMIT_US;

	for (size_t i = 0; i < count; i++) {
		while (!answers(rounds[i].name, rounds[i].primary)) {
			if (now_us() > end)
				errx(1, "%s has not its primary as answer", rounds[i].name);
			pause_us(POSTPONE_US);
		}
	}
}

/*
 * At a random time, except for a name that left its primary unprompted: that must come back first.
 */
static void break_it(struct round *round)
{
	const int number = strcmp(round->how, "kill") == 0 ? SIGKILL : SIGUSR1;

	if (!answers(round->name, round->primary)) {
		warnx("%s has left its primary, which nobody broke", round->name);
		round->due_us += POSTPONE_US;
		return;
	}
	round->broken_us = now_us();
	if (kill(round->pid, number) < 0)
		err(1, "%s: %d", round->name, (int)round->pid);
	round->state = BROKEN;
}

static void look(struct round *round)
{
	if (!answers(round->name, round->standby))
		return;
	printf("%s %s %.3f\n", round->row, round->how, (double)(now_us() - round->broken_us) / 1e6);
	round->state = DONE;
}

int main(void)
{
	static struct round rounds[ROUNDS_MAX];
	const size_t count = read_rounds(rounds);
	size_t left = count;
	/* An interval's milliseconds are its thousandths in microseconds. */
	uint64_t begin, step_us = UINT64_MAX;

	wait_for_primaries(rounds, count);
	begin = now_us();
	srandom((unsigned)begin ^ (unsigned)getpid());
	for (size_t i = 0; i < count; i++) {
		rounds[i].due_us = begin + (uint64_t)random() % (rounds[i].interval * 1000u);
		step_us = rounds[i].interval < step_us ? rounds[i].interval : step_us;
	}
	step_us = step_us < 1000 ? 1000 : step_us;
	while (left && now_us() - begin < LIMIT_US) {
		left = 0;
		for (size_t i = 0; i < count; i++) {
			if (rounds[i].state == WHOLE && now_us() >= rounds[i].due_us)
				break_it(&rounds[i]);
			else if (rounds[i].state == BROKEN)
				look(&rounds[i]);
			left += rounds[i].state != DONE;
		}
		pause_us(step_us);
	}
	if (left)
		errx(1, "%zu names have not got their standby", left);
	return 0;
}
