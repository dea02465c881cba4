#include <jansson.h>

#include "api/ask.h"
#include "base/cli.h"
#include "commands.h"
#include "show/answer.h"

static int release(const char *control, const char *name)
{
	json_t *record;
	int result = ask_post(control, name, "/auto", NULL, &record);

	if (result != CLI_DONE)
		return result;
	answer_print(record);
	json_decref(record);
	return cli_finish(CLI_DONE);
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct command_line line;
	int status;

	if (!command_begin(command, context, NULL, argc, argv, &line, &status))
		return status;
	return release(line.control, line.operands[0]);
}

const struct command auto_command = {
	.name = "auto",
	.summary = "end an override, and a manual failback's wait",
	.operands = { 1, 1, "one name", { "name" } },
	.help = "Usage: shunt auto NAME [--control PATH]\n"
	        "\n"
	        "Ends the override set by 'shunt force NAME': the checks decide again. An earlier\n"
	        "endpoint that is up but waits for an operator, or for failback_delay, takes over\n"
	        "at once.\n"
	        "Needs root, or membership in the control socket's group.\n"
	        "\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 done; 3 the daemon cannot be reached; 4 it refused.\n",
	.run = run,
};
