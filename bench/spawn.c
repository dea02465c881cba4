/*
 * How much longer a process takes with a preloaded library.
 *
 *   spawn RUNS LIBRARY COMMAND...
 *
 * Runs COMMAND to its end, alternately without and with LIBRARY, RUNS times each, reversing the
 * order every second time. Prints microseconds: the medians without and with it, and the median of
 * the differences of the pairs.
 */
#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 10000

extern char **environ;

enum { BARE, PRELOADED, WAYS };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double run(char **command, char **environment)
{
	const double begin = now();
	pid_t pid;
	int status;

	errno = posix_spawnp(&pid, command[0], NULL, NULL, command, environment);
	if (errno || waitpid(pid, &status, 0) != pid)
		err(1, "%s", command[0]);
	if (status)
		errx(1, "%s failed", command[0]);
	return now() - begin;
}

/* `environ` with one more variable, in front. */
static char **with(char *variable)
{
	size_t count = 0;

	while (environ[count])
		count++;
	char **list = calloc(count + 2, sizeof(*list));
	if (!list)
		err(1, "calloc");
	list[0] = variable;
	memcpy(list + 1, environ, count * sizeof(*list));
	return list;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

int main(int argc, char **argv)
{
	static double took[WAYS][RUNS_MAX], added[RUNS_MAX];
	const long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	char *preload;

	if (argc < 4 || runs < 1 || runs > RUNS_MAX)
		errx(64, "usage: spawn RUNS LIBRARY COMMAND...");
	if (asprintf(&preload, "LD_PRELOAD=%s", argv[2]) < 0)
		err(1, "asprintf");
	char **const environments[WAYS] = { environ, with(preload) };
	for (long i = 0; i < runs; i++) {
		for (int turn = 0; turn < WAYS; turn++) {
			const int way = (turn + (int)i) % WAYS;

			took[way][i] = run(argv + 3, environments[way]);
		}
		added[i] = took[PRELOADED][i] - took[BARE][i];
	}
	printf("%.0f %.0f %.0f\n", median(took[BARE], (size_t)runs),
	       median(took[PRELOADED], (size_t)runs), median(added, (size_t)runs));
	free(environments[PRELOADED]);
	free(preload);
	return 0;
}
