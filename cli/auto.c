#include <jansson.h>
#include <stdbool.h>

#include "api/ask.h"
#include "base/cli.h"
#include "commands.h"
#include "show/answer.h"
#include "show/fleet_order.h"

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

static int release_fleet(const char *control, const char *name)
{
	return fleet_order_send(control, name, "/auto", json_pack("{s:b}", "fleet", true), "NAME");
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	bool fleet = false;
	const struct option_row rows[] = { { 0, "fleet", NULL, &fleet }, { 0 } };
	struct command_line line;
	int status;

	if (!command_begin(command, context, rows, argc, argv, &line, &status))
		return status;
	if (fleet)
		return release_fleet(line.control, line.operands[0]);
	return release(line.control, line.operands[0]);
}

const struct command auto_command = {
	.name = "auto",
	.summary = "end an override, and a manual failback's wait",
	.operands = { 1, 1, "one name", { "name" } },
	.help = "Usage: shunt auto NAME [--fleet] [--control PATH]\n"
	        "\n"
	        "Ends the override set by 'shunt force NAME': the checks decide again. An earlier\n"
	        "endpoint that is up but waits for an operator, or for failback_delay, takes over\n"
	        "at once.\n"
	        "Needs root, or membership in the control socket's group.\n"
	        "\n"
	        "  --fleet         end the fleet's order, of 'force --fleet' or 'drill';\n"
	        "                  an override of a host's own stays\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 done; 3 the daemon cannot be reached, or (--fleet) a host does\n"
	        "not follow yet; 4 the daemon refused.\n",
	.run = run,
};
