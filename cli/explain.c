#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "api/ask.h"
#include "api/record.h"
#include "base/cli.h"
#include "base/human.h"
#include "base/number.h"
#include "commands.h"
#include "explain/decision.h"
#include "explain/lookup.h"
#include "explain/step.h"
#include "program/process.h"
#include "show/terminal.h"

struct question {
	const char *control, *name;
	const char *pid; /* as typed; NULL: not given */
	pid_t process;
	bool json;
};

static void print_head(const json_t *record)
{
	const char *active = record_field(record, "active"), *since = record_field(record, "since");
	char age[HUMAN_TIME_MAX];

	printf("%s\n  %s answers since %s, for %s\n\n", record_field(record, "name"),
	       *active ? active : "no endpoint", since,
	       human_duration(time(NULL) - human_read_time(since), age));
}

static void print_process(const json_t *report)
{
	json_int_t bits = json_integer_value(json_object_get(report, "bits"));

	printf("\nprocess %d\n  %s", (int)json_integer_value(json_object_get(report, "pid")),
	       record_field(report, "program"));
	if (bits)
		printf(", %d-bit", (int)bits);
	printf("\n\n");
}

static void print_steps(const json_t *steps)
{
	step_print(steps, terminal_width(stdout), terminal_colours(stdout), stdout);
}

/* Takes ownership of `steps` and `report` (NULL: none). */
static int print(const struct question *question, const json_t *status, json_t *record,
                 json_t *steps, json_t *report)
{
	json_t *all;

	if (!question->json) {
		print_head(record);
		print_steps(steps);
		if (report) {
			print_process(report);
			print_steps(json_object_get(report, "steps"));
		}
	}
	all = json_pack("{s:O, s:O, s:O, s:o, s:o*}", "settled", json_object_get(status, "settled"),
	                "isolated", json_object_get(status, "isolated"), "record", record, "steps",
	                steps, "process", report);
	if (question->json) {
		json_dumpf(all, stdout,
		           JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
		putchar('\n');
	}
	json_decref(all);
	return cli_finish(CLI_DONE);
}

static int explain(const struct question *question, const json_t *status, json_t *record)
{
	json_t *report = NULL;
	char error[PROCESS_ERROR_MAX];
	struct process process;
	bool good = true;
	int result;

	if (question->pid) {
		good = process_read(&process, question->process, record_field(status, "socket"),
		                    error);
		report = good ? lookup_report(status, record, &process) : NULL;
		process_free(&process);
	}
	result =
	        print(question, status, record, decision_steps(status, record, time(NULL)), report);
	if (good || result != CLI_DONE)
		return result;
	cli_error("%s", error);
	return CLI_NOT_FOUND;
}

static int ask(const struct question *question)
{
	char error[TROUBLE_MAX];
	json_t *status, *record;
	int result = ask_status(question->control, question->name, &status);

	if (result != CLI_DONE)
		return result;
	record = json_array_get(json_object_get(status, "records"), 0);
	if (record) {
		result = explain(question, status, record);
	} else {
		result = trouble_stranger(api_control(question->control), error);
		cli_error("%s", error);
	}
	json_decref(status);
	return result;
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct question question = { 0 };
	const struct option_row rows[] = { { 0, "json", NULL, &question.json },
		                           { 0, "pid", &question.pid, NULL },
		                           { 0 } };
	struct command_line line;
	int status;

	if (!command_begin(command, context, rows, argc, argv, &line, &status))
		return status;
	question.control = line.control;
	question.name = line.operands[0];
	question.process = question.pid ? number_pid(question.pid) : 0;
	if (question.pid && !question.process)
		return cli_usage(command->name, "--pid takes the number of a process, not '%s'",
		                 question.pid);
	return ask(&question);
}

const struct command explain_command = {
	.name = "explain",
	.summary = "the rules behind an answer, for one process if given",
	.operands = { 1, 1, "one name", { "name" } },
	.help = "Usage: shunt explain NAME [--pid PID] [--json] [--control PATH]\n"
	        "\n"
	        "Explains the answer for NAME step by step, in the order in which the daemon\n"
	        "decides. '>' marks the step that decided.\n"
	        "\n"
	        "  --pid PID       also explain the answer that this process gets: whether it has\n"
	        "                  the library and the table, SHUNT_FORCE, and what to do if not;\n"
	        "                  requires root, or the process's own user\n"
	        "  --json          the same as JSON\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 explained; 1 there is no such process, or it cannot be\n"
	        "inspected; 3 the daemon cannot be reached; 4 NAME is not managed.\n",
	.run = run,
};
