/* shunt watch: each change as it happens. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/changes.h"
#include "api/stream.h"
#include "base/cli.h"
#include "commands.h"
#include "show/event_line.h"
#include "show/terminal.h"

struct watch {
	const char *control;
	json_t *answers; /* the last known answer of each record; NULL before the first snapshot */
	bool json, colours;
	bool failed; /* writing to standard output failed */
	bool away;   /* the daemon cannot be reached */
};

static void print(struct watch *watch, const json_t *event)
{
	if (watch->json) {
		json_dumpf(event, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
	} else {
		event_line_print(event, watch->colours, 0, stdout);
	}
	if (fflush(stdout) != 0)
		watch->failed = true;
}

/* Shows that it works. On standard error, since standard output is for changes. */
static void tell_begin(const struct watch *watch, const json_t *status)
{
	size_t names = json_array_size(json_object_get(status, "records"));

	if (isatty(STDERR_FILENO))
		cli_error("watching %zu %s at %s; Ctrl-C ends it", names,
		          names == 1 ? "name" : "names", watch->control);
}

static void tell_gap(struct watch *watch, unsigned long long lost)
{
	if (lost)
		cli_error("%llu events were lost; the changes that follow come from comparing two "
		          "snapshots",
		          lost);
	else if (watch->away)
		cli_error("the daemon at %s has restarted; the changes in between follow",
		          watch->control);
}

static void on_snapshot(void *arg, const json_t *status, bool gap, unsigned long long lost)
{
	struct watch *watch = arg;
	json_t *changes, *event;
	size_t i;

	if (!watch->answers)
		tell_begin(watch, status);
	if (gap && watch->answers) {
		tell_gap(watch, lost);
		changes = changes_between(watch->answers, status);
		json_array_foreach (changes, i, event) {
			print(watch, event);
		}
		json_decref(changes);
	} else if (watch->away) {
		cli_error("the daemon at %s is back", watch->control);
	}
	watch->away = false;
	json_decref(watch->answers);
	watch->answers = changes_answers(status);
}

static void on_event(void *arg, const json_t *event, bool old)
{
	struct watch *watch = arg;

	(void)old;
	changes_note(watch->answers, event);
	print(watch, event);
}

static void on_lost(void *arg, const char *why)
{
	struct watch *watch = arg;

	cli_error("%s; retrying", why);
	watch->away = true;
}

static bool goes_on(void *arg)
{
	const struct watch *watch = arg;

	return !watch->failed;
}

static int watch_run(const char *control, const char *name, bool json)
{
	struct watch watch = { .control = control,
		               .json = json,
		               .colours = terminal_colours(stdout) };
	const struct stream_calls calls = { .snapshot = on_snapshot,
		                            .event = on_event,
		                            .lost = on_lost,
		                            .turn = goes_on,
		                            .arg = &watch,
		                            .fd = -1 };
	char error[TROUBLE_MAX];
	int result = stream_run(control, name, false, &calls, error);

	json_decref(watch.answers);
	if (result != CLI_DONE)
		cli_error("%s", error);
	return result == CLI_DONE ? cli_finish(CLI_DONE) : result;
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	bool as_json = false;
	const struct option_row rows[] = { { 0, "json", NULL, &as_json }, { 0 } };
	struct command_line line;
	int status;

	if (!command_begin(command, context, rows, argc, argv, &line, &status))
		return status;
	return watch_run(api_control(line.control), line.operands[0], as_json);
}

const struct command watch_command = {
	.name = "watch",
	.summary = "every change as it happens",
	.operands = { 0, 1, "one name", { "name" } },
	.help = "Usage: shunt watch [NAME] [--json] [--control PATH]\n"
	        "\n"
	        "Prints one line for each change as it happens, or for those of NAME: another\n"
	        "endpoint answers, an address is up or down, an override, a reload and others.\n"
	        "Continues when the daemon restarts, with the changes in between; Ctrl-C ends\n"
	        "it.\n"
	        "\n"
	        "  --json          JSON lines, as /v1/events has them; see shunt(1)\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 3 the daemon cannot be reached at the start; 4 NAME is not\n"
	        "managed.\n",
	.run = run,
};
