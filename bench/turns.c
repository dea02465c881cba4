/*
 * Lets the workers of the benchmark (lookup.c) measure in turn, so that other load on the machine
 * affects all of them alike.
 *
 *   turns ROUNDS MILLISECONDS THREADS... <ROWS
 *
 * A row is a line "ID<tab>COMMAND", where COMMAND, for sh(1), becomes a worker. All are started;
 * then in each round every row measures once for each number of threads, in reverse order every
 * second round. Prints one line for each row and number of threads: "ID THREADS MEDIAN MIN MAX", in
 * ns. A row whose worker fails is left out, and the exit status is 1.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS_MAX 64
#define COUNTS_MAX 4
#define ROUNDS_MAX 1000
/* A worker gives up before this. */
#define ANSWER_MS 60000

extern char **environ;

struct row {
	char *id;
	char *command;
	pid_t pid;
	FILE *to, *from;
	bool failed;
	double ns[COUNTS_MAX][ROUNDS_MAX];
};

struct turns {
	unsigned rounds, milliseconds;
	unsigned counts[COUNTS_MAX]; /* number of threads */
	size_t count_count;
	struct row rows[ROWS_MAX];
	size_t row_count;
};

static void read_rows(struct turns *turns)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		char *tab = strchr(line, '\t');

		if (!tab || turns->row_count == ROWS_MAX)
			errx(64, "no row, or one too many: %s", line);
		line[strcspn(line, "\n")] = '\0';
		*tab = '\0';
		struct row *row = &turns->rows[turns->row_count++];
		row->id = strdup(line);
		row->command = strdup(tab + 1);
	}
	free(line);
}

static void start(struct row *row)
{
	int to[2], from[2];
	posix_spawn_file_actions_t actions;
	char *const argv[] = { "sh", "-c", row->command, NULL };

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		err(1, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
	errno = posix_spawn(&row->pid, "/bin/sh", &actions, NULL, argv, environ);
	if (errno)
		err(1, "/bin/sh");
	posix_spawn_file_actions_destroy(&actions);
	close(to[0]);
	close(from[1]);
	row->to = fdopen(to[1], "w");
	row->from = fdopen(from[0], "r");
}

/*
 * The worker's next line, or false forever. A worker prints one line for each that it is sent, so
 * no input stays in the buffer of `from`.
 */
static bool answer(struct row *row, char *line, int size)
{
	struct pollfd readable = { fileno(row->from), POLLIN, 0 };

	if (!row->failed && (poll(&readable, 1, ANSWER_MS) != 1 || !fgets(line, size, row->from))) {
		warnx("%s: no answer", row->id);
		row->failed = true;
	}
	return !row->failed;
}

static double take_turn(struct row *row, unsigned threads, unsigned milliseconds)
{
	char line[64];

	if (row->failed)
		return 0;
	fprintf(row->to, "%u %u\n", threads, milliseconds);
	fflush(row->to);
	return answer(row, line, sizeof(line)) ? strtod(line, NULL) : 0;
}

static void run_round(struct turns *turns, unsigned round)
{
	for (size_t count = 0; count < turns->count_count; count++)
		for (size_t i = 0; i < turns->row_count; i++) {
			struct row *row = &turns->rows[round % 2 ? turns->row_count - 1 - i : i];

			row->ns[count][round] =
			        take_turn(row, turns->counts[count], turns->milliseconds);
		}
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(const struct turns *turns, struct row *row)
{
	const unsigned rounds = turns->rounds;

	for (size_t count = 0; !row->failed && count < turns->count_count; count++) {
		double *ns = row->ns[count];

		qsort(ns, rounds, sizeof(*ns), compare);
		printf("%s %u %.1f %.1f %.1f\n", row->id, turns->counts[count],
		       (ns[(rounds - 1) / 2] + ns[rounds / 2]) / 2, ns[0], ns[rounds - 1]);
	}
}

/* The worker ends at the end of its input; one that gave no answer is not waited for. */
static void stop(struct row *row)
{
	fclose(row->to);
	if (row->failed)
		kill(row->pid, SIGKILL);
	waitpid(row->pid, NULL, 0);
	fclose(row->from);
	free(row->id);
	free(row->command);
}

static unsigned number(const char *text, unsigned max)
{
	char *end;
	const unsigned long value = strtoul(text, &end, 10);

	if (*end || value < 1 || value > max)
		errx(64, "%s: must be 1 to %u", text, max);
	return (unsigned)value;
}

static bool run(struct turns *turns)
{
	char line[64];
	bool failed = false;

	for (size_t i = 0; i < turns->row_count; i++)
		start(&turns->rows[i]);
	for (size_t i = 0; i < turns->row_count; i++)
		answer(&turns->rows[i], line, sizeof(line));
	for (unsigned round = 0; round < turns->rounds; round++)
		run_round(turns, round);
	for (size_t i = 0; i < turns->row_count; i++) {
		report(turns, &turns->rows[i]);
		failed |= turns->rows[i].failed;
		stop(&turns->rows[i]);
	}
	return !failed;
}

int main(int argc, char **argv)
{
	struct turns *turns = calloc(1, sizeof(*turns));

	if (!turns)
		err(1, "calloc");
	if (argc < 4 || argc > 3 + COUNTS_MAX)
		errx(64, "usage: turns ROUNDS MILLISECONDS THREADS...");
	turns->rounds = number(argv[1], ROUNDS_MAX);
	turns->milliseconds = number(argv[2], 10000);
	for (int i = 3; i < argc; i++)
		turns->counts[turns->count_count++] = number(argv[i], 16);
	signal(SIGPIPE, SIG_IGN);
	read_rows(turns);
	const bool good = run(turns);
	free(turns);
	return !good;
}
