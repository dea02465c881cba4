#include <ctype.h>
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/ask.h"
#include "api/record.h"
#include "base/cli.h"
#include "base/human.h"
#include "base/number.h"
#include "commands.h"
#include "explain/lookup.h"
#include "explain/step.h"
#include "explain/summary.h"
#include "program/process.h"
#include "show/answer.h"
#include "show/terminal.h"

#define NAMES_MAX 20u /* told of one process */

/* --- one process ------------------------------------------------------------------------------ */

static void add_user(json_t *report, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);
	char number[32];

	snprintf(number, sizeof(number), "%u", (unsigned)uid);
	json_object_set_new(report, "user", json_string(user ? user->pw_name : number));
}

/* NULL: it cannot be inspected, and `error` says why. */
static json_t *report_of(const json_t *status, pid_t pid, char error[PROCESS_ERROR_MAX])
{
	struct process process;
	json_t *report = NULL;

	if (process_read(&process, pid, record_field(status, "socket"), error)) {
		report = lookup_reach(status, &process);
		add_user(report, process.uid);
	}
	process_free(&process);
	return report;
}

/* "www.example.com: primary, 192.0.2.1 192.0.2.2" */
static void say_name(json_t *step, const json_t *record)
{
	const char *active = record_field(record, "active");
	char *words = answer_words(record);

	step_say(step, "%s: %s%s%s", record_field(record, "name"), active, *active ? ", " : "",
	         words ? words : "?");
	free(words);
}

/* What it is answered, if it asks this daemon. */
static void add_names(const json_t *status, json_t *report)
{
	const json_t *records = json_object_get(status, "records"), *record;
	json_t *step;
	size_t i;

	if (strcmp(record_field(report, "told"), "daemon") != 0)
		return;
	step = step_add(json_object_get(report, "steps"), "answer");
	json_array_foreach (records, i, record) {
		if (i < NAMES_MAX)
			say_name(step, record);
	}
	if (i > NAMES_MAX)
		step_say(step, "and %zu more names", i - NAMES_MAX);
}

static void add_cure(json_t *report)
{
	const char *cure = record_field(report, "cure");

	if (*cure)
		step_say(step_add(json_object_get(report, "steps"), "cure"), "%s.", cure);
}

static int print_one(const json_t *status, pid_t pid, bool as_json)
{
	char error[PROCESS_ERROR_MAX];
	json_t *report = report_of(status, pid, error);

	if (!report) {
		cli_error("%s", error);
		return CLI_NOT_FOUND;
	}
	add_names(status, report);
	add_cure(report);
	if (as_json) {
		json_dumpf(report, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
	} else {
		printf("process %d of %s\n  %s\n\n", (int)pid, record_field(report, "user"),
		       record_field(report, "program"));
		step_print(json_object_get(report, "steps"), terminal_width(stdout),
		           terminal_colours(stdout), stdout);
	}
	json_decref(report);
	return cli_finish(CLI_DONE);
}

/* --- all of them ------------------------------------------------------------------------------ */

/* Returns the number of processes that may not be inspected. */
static size_t collect(const json_t *status, json_t *reports)
{
	char error[PROCESS_ERROR_MAX];
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	size_t denied = 0;

	while (folder && (entry = readdir(folder))) {
		const pid_t pid = isdigit((unsigned char)*entry->d_name) ? atoi(entry->d_name) : 0;
		json_t *report;

		if (pid <= 0 || pid == getpid())
			continue;
		report = report_of(status, pid, error);
		if (report)
			json_array_append_new(reports, report);
		else
			denied += process_is_denied(pid);
	}
	if (folder)
		closedir(folder);
	return denied;
}

static size_t count_reached(const json_t *reports)
{
	const json_t *report;
	size_t i, reached = 0;

	json_array_foreach (reports, i, report) {
		reached += strcmp(record_field(report, "door"), "none") != 0;
	}
	return reached;
}

static int print_all(const json_t *status, bool as_json)
{
	json_t *reports = json_array(), *all;
	const size_t denied = collect(status, reports);

	if (as_json) {
		all = json_pack("{s:O, s:I}", "processes", reports, "denied", (json_int_t)denied);
		json_dumpf(all, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
		json_decref(all);
	} else {
		summary_print(reports, terminal_width(stdout), stdout);
		printf("\n%zu of %zu processes have a door.\n", count_reached(reports),
		       json_array_size(reports));
		if (denied)
			printf("%zu more may not be inspected: run this as root to see them.\n",
			       denied);
	}
	json_decref(reports);
	return cli_finish(CLI_DONE);
}

/* --- the command ------------------------------------------------------------------------------ */

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	bool as_json = false;
	const struct option_row rows[] = { { 0, "json", NULL, &as_json }, { 0 } };
	struct command_line line;
	json_t *status;
	pid_t pid = 0;
	int result;

	if (!command_begin(command, context, rows, argc, argv, &line, &result))
		return result;
	if (line.count) {
		pid = number_pid(line.operands[0]);
		if (!pid)
			return cli_usage(command->name,
			                 "PID is the number of a process, which '%s' is not",
			                 line.operands[0]);
	}
	result = ask_status(line.control, NULL, &status);
	if (result != CLI_DONE)
		return result;
	result = pid ? print_one(status, pid, as_json) : print_all(status, as_json);
	json_decref(status);
	return result;
}

const struct command doors_command = {
	.name = "doors",
	.summary = "which processes are reached, and what would reach others",
	.operands = { 0, 1, "one process", { "process" } },
	.help = "Usage: shunt doors [PID] [--json] [--control PATH]\n"
	        "\n"
	        "Shows through which door each process is reached: the preloaded library, the\n"
	        "NSS module, or the door of its cgroup; and for one that has none, why, and what\n"
	        "would reach it. With PID: that process, and what it is answered.\n"
	        "\n"
	        "  --json          the same as JSON\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Other users' processes can be inspected by root alone.\n"
	        "\n"
	        "Exit status: 0 shown; 1 there is no such process, or it cannot be inspected;\n"
	        "3 the daemon cannot be reached.\n",
	.run = run,
};
