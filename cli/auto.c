#include <jansson.h>

#include "api/record.h"
#include "cli.h"
#include "show/answer.h"

static int release(const char *control, const char *name)
{
	json_t *record;
	int result = record_post(control, name, "/auto", NULL, &record);

	if (result != CLI_DONE)
		return result;
	answer_print(record);
	json_decref(record);
	return cli_finish(CLI_DONE);
}

static int run(const struct command *command, const struct cli_context *context, int argc,
               char **argv)
{
	return record_run(command, context, argc, argv, release);
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
