#include "probe/kind/exec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Up to the number that may run can have been killed and still hang in the kernel. */
#define PROGRAMS_MAX (2 * PROBE_PROGRAMS_MAX)

struct probe_exec {
	struct spawner *spawner;
	struct spawn_user user;
	struct probe_kind kind;
};

/* --- the program's arguments ------------------------------------------------------------------ */

struct letters {
	char address[ADDRESS_TEXT_MAX];
	char port[8];
	const char *record;
	const char *endpoint;
};

static void letters_init(struct letters *letters, const struct probe *probe)
{
	address_format(probe_address(probe), letters->address);
	snprintf(letters->port, sizeof(letters->port), "%u", probe_check(probe)->port);
	letters->record = probe_host(probe);
	letters->endpoint = probe_endpoint(probe);
}

/* The configuration accepts no other letters. */
static const char *letter(const struct letters *letters, char which)
{
	switch (which) {
	case 'a': return letters->address;
	case 'p': return letters->port;
	case 'n': return letters->record;
	case 'e': return letters->endpoint;
	default: return "%";
	}
}

/*
 * Appends `word` to a text that ends at `out`, and returns the new end; only computes the length if
 * `out` is NULL.
 */
static size_t expand(const struct letters *letters, const char *word, char *out)
{
	size_t length = 0;

	for (const char *p = word; *p; p++) {
		const char *piece = *p == '%' ? letter(letters, p[1]) : p;
		size_t piece_length = *p == '%' ? strlen(piece) : 1;

		if (out)
			memcpy(out + length, piece, piece_length);
		length += piece_length;
		p += *p == '%';
	}
	if (out)
		out[length] = '\0';
	return length + 1;
}

/*
 * A single malloc() block. The program's own path is used unchanged. Returns NULL if out of memory.
 */
static char **make_arguments(const struct probe *probe)
{
	const char *const *command = probe_check(probe)->command;
	struct letters letters;
	size_t count = 0, bytes = 0;
	char **arguments, *text;

	letters_init(&letters, probe);
	for (; command[count]; count++)
		bytes += count ? expand(&letters, command[count], NULL) : strlen(command[0]) + 1;
	arguments = malloc((count + 1) * sizeof(*arguments) + bytes);
	if (!arguments)
		return NULL;
	text = (char *)(arguments + count + 1);
	for (size_t i = 0; i < count; i++) {
		arguments[i] = text;
		if (i == 0)
			text = stpcpy(text, command[0]) + 1;
		else
			text += expand(&letters, command[i], text);
	}
	arguments[count] = NULL;
	return arguments;
}

/* --- the result of the program ---------------------------------------------------------------- */

/*
 * Exit statuses by which shells and env(1) report that the program, or one started by it, cannot be
 * run.
 */
static bool is_not_run(int status)
{
	return status == 126 || status == 127;
}

static enum probe_why judge(const struct check *check, const struct spawn_end *end)
{
	unsigned status = (unsigned)end->status;

	if (end->signal)
		return WHY_EXIT;
	if (config_status_has(&check->pass_status, status))
		return WHY_PASS;
	if (config_status_has(&check->none_status, status))
		return WHY_UNDECIDED;
	return is_not_run(end->status) ? WHY_PROGRAM : WHY_EXIT;
}

/*
 * Whether the program itself cannot be run; failures of earlier steps, and lack of memory, are this
 * host's.
 */
static enum probe_why judge_failed(const struct spawn_end *end)
{
	bool is_short = end->error == ENOMEM || end->error == EAGAIN || end->error == ENFILE ||
	                end->error == EMFILE;

	return strcmp(end->failed, "run") == 0 && !is_short ? WHY_PROGRAM : WHY_OWN_FAULT;
}

static void ended(void *arg, const struct spawn_end *end)
{
	struct probe *probe = arg;
	const struct check *check = probe_check(probe);
	const enum probe_why why = judge(check, end);
	const char *line = end->line;
	char words[SPAWN_WORDS_MAX];

	if (end->failed)
		probe_finish(probe, judge_failed(end), "cannot %s %s: %s", end->failed,
		             check->command[0], strerror(end->error));
	else if (why == WHY_PROGRAM)
		probe_finish(probe, why, "cannot be run: %s%s%s", spawn_words(end, words),
		             *line ? ": " : "", line);
	else if (why == WHY_PASS || (*line && end->status == 1 && why == WHY_EXIT))
		probe_finish(probe, why, "%s", line);
	else
		probe_finish(probe, why, "%s%s%s", spawn_words(end, words), *line ? ": " : "",
		             line);
}

/*
 * --- the kind ------------------------------------------------------------------------------------
 */

static void exec_start(struct probe *probe)
{
	const struct probe_exec *exec = probe_kind_of(probe)->context;
	struct spawn_program program = { .argv = make_arguments(probe) };
	struct spawn *spawn = NULL;

	if (program.argv)
		spawn = spawn_start(exec->spawner, &program, &exec->user, ended, probe);
	if (spawn)
		probe_set_attempt(probe, spawn);
	else
		probe_finish(probe, WHY_OWN_FAULT, "cannot start %s: %s",
		             probe_check(probe)->command[0], strerror(errno));
}

static void exec_cancel(void *attempt)
{
	spawn_kill(attempt);
}

static const char *exec_stage(const void *attempt)
{
	(void)attempt;
	return "program";
}

struct probe_exec *probe_exec_new(struct event_base *base, const struct spawn_user *user)
{
	struct probe_exec *exec = calloc(1, sizeof(*exec));

	if (!exec)
		return NULL;
	exec->spawner = spawner_new(base, PROGRAMS_MAX);
	if (!exec->spawner) {
		free(exec);
		return NULL;
	}
	exec->user = *user;
	exec->kind = (struct probe_kind){ .start = exec_start,
		                          .cancel = exec_cancel,
		                          .stage = exec_stage,
		                          .context = exec,
		                          .cost = PROBE_PROGRAM,
		                          .off_network = true };
	return exec;
}

void probe_exec_free(struct probe_exec *exec)
{
	if (!exec)
		return;
	spawner_free(exec->spawner);
	free(exec);
}

void probe_exec_set_user(struct probe_exec *exec, const struct spawn_user *user)
{
	exec->user = *user;
}

const struct probe_kind *probe_exec_kind(const struct probe_exec *exec)
{
	return &exec->kind;
}
