#include <jansson.h>
#include <stdbool.h>

#include "answer.h"
#include "cli.h"
#include "options.h"
#include "record.h"

static int run(const struct command *command, const struct cli_context *context, int argc,
               char **argv)
{
	const char *control = context->control;
	bool help = false;
	const struct option_row rows[] = { { 'h', "help", NULL, &help },
		                           { 0, "control", &control, NULL },
		                           { 0 } };
	struct operands operands;
	json_t *record;
	int result;

	if (!options_parse(command->name, rows, false, argc, argv, &operands))
		return CLI_USAGE;
	if (help)
		return cli_help(command);
	if (operands.count != 1)
		return cli_usage(command->name, "auto takes one name, not %d", operands.count);
	if (!*operands.list[0])
		return cli_usage(command->name, "the name is empty");
	result = record_post(control, operands.list[0], "/auto", NULL, &record);
	if (result != CLI_DONE)
		return result;
	answer_print(record);
	json_decref(record);
	return cli_finish(CLI_DONE);
}

const struct command auto_command = {
	.name = "auto",
	.summary = "end an override, and a manual failback's wait",
	.help = "Usage: shunt auto NAME [--control PATH]\n"
	        "\n"
	        "Ends what 'shunt force NAME' began: the checks decide again. An earlier endpoint\n"
	        "that is up and waits for an operator, or for failback_delay, answers at once.\n"
	        "Needs root, or membership in the control socket's group.\n"
	        "\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 done; 3 the daemon cannot be reached; 4 it refused.\n",
	.run = run,
};
