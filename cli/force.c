#include <jansson.h>
#include <stdbool.h>

#include "api/ask.h"
#include "base/cli.h"
#include "commands.h"
#include "show/answer.h"
#include "show/fleet_order.h"

struct order {
	const char *control, *name, *endpoint;
	const char *duration, *reason; /* NULL: not given */
	bool anyway, fleet;
};

static int force(const struct order *order)
{
	/* '*': a member whose value is NULL is left out. */
	json_t *body = json_pack("{s:s, s:s*, s:s*, s:b, s:b}", "endpoint", order->endpoint, "for",
	                         order->duration, "reason", order->reason, "anyway", order->anyway,
	                         "fleet", order->fleet);
	static const char words[] = "--reason and ENDPOINT";
	json_t *record;
	int result;

	if (order->fleet)
		return fleet_order_send(order->control, order->name, "/force", body, words);
	result = ask_order(order->control, order->name, "/force", body, words, &record);
	if (result != CLI_DONE)
		return result;
	answer_print(record);
	json_decref(record);
	return cli_finish(CLI_DONE);
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct order order = { 0 };
	const struct option_row rows[] = { { 0, "for", &order.duration, NULL },
		                           { 0, "reason", &order.reason, NULL },
		                           { 0, "anyway", NULL, &order.anyway },
		                           { 0, "fleet", NULL, &order.fleet },
		                           { 0 } };
	struct command_line line;
	int status;

	if (!command_begin(command, context, rows, argc, argv, &line, &status))
		return status;
	order.control = line.control;
	order.name = line.operands[0];
	order.endpoint = line.operands[1];
	return force(&order);
}

const struct command force_command = {
	.name = "force",
	.summary = "make one endpoint answer, whatever the checks say",
	.operands = { 2, 2, "a name and an endpoint", { "name", "endpoint" } },
	.help = "Usage: shunt force NAME ENDPOINT [--for DURATION] [--reason TEXT] [--anyway]\n"
	        "                   [--fleet] [--control PATH]\n"
	        "\n"
	        "ENDPOINT answers for NAME from now on, until 'shunt auto NAME' or the end of\n"
	        "DURATION. Health is still checked and shown. The override survives restarts and\n"
	        "reloads.\n"
	        "Needs root, or membership in the control socket's group.\n"
	        "\n"
	        "  --for DURATION  expire after this time: 90s, 10m, 2h; at most 576h\n"
	        "  --reason TEXT   the reason, shown by 'shunt status'\n"
	        "  --anyway        even if ENDPOINT is down, or has no address\n"
	        "  --fleet         on all hosts of the fleet; prints who does not follow\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 done; 3 the daemon cannot be reached, or (--fleet) a host does\n"
	        "not follow yet; 4 the daemon refused.\n",
	.run = run,
};
