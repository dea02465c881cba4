/* shunt drill: a part of the fleet is sent elsewhere, to see that it works before all are. */
#include <jansson.h>

#include "base/cli.h"
#include "commands.h"
#include "show/fleet_order.h"

struct drill {
	const char *endpoint, *hosts, *duration;
	const char *reason; /* NULL: not given */
};

static int drill(const char *control, const char *name, const struct drill *drill)
{
	/* '*': a member whose value is NULL is left out. */
	json_t *body =
	        json_pack("{s:s, s:b, s:s, s:s, s:s*}", "endpoint", drill->endpoint, "fleet", 1,
	                  "hosts", drill->hosts, "for", drill->duration, "reason", drill->reason);

	return fleet_order_send(control, name, "/force", body, "options and ENDPOINT");
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct drill order = { 0 };
	const struct option_row rows[] = { { 0, "hosts", &order.hosts, NULL },
		                           { 0, "for", &order.duration, NULL },
		                           { 0, "reason", &order.reason, NULL },
		                           { 0 } };
	struct command_line line;
	int status;

	if (!command_begin(command, context, rows, argc, argv, &line, &status))
		return status;
	if (!order.hosts || !order.duration)
		return cli_usage(command->name, "drill needs --hosts and --for, as in "
		                                "--hosts 10%% --for 10m");
	order.endpoint = line.operands[1];
	return drill(line.control, line.operands[0], &order);
}

const struct command drill_command = {
	.name = "drill",
	.summary = "force an endpoint on a part of the fleet, for a while",
	.operands = { 2, 2, "a name and an endpoint", { "name", "endpoint" } },
	.help = "Usage: shunt drill NAME ENDPOINT --hosts SHARE --for DURATION [--reason TEXT]\n"
	        "                   [--control PATH]\n"
	        "\n"
	        "ENDPOINT answers for NAME on a share of the fleet's live hosts, at least one: a\n"
	        "failover for few, to see that it works before it is needed for all. The\n"
	        "hosts are spread over the sites, and a larger share has those of a smaller one.\n"
	        "Prints them, and who does not follow. 'shunt auto --fleet NAME' ends it sooner.\n"
	        "Needs root, or membership in the control socket's group.\n"
	        "\n"
	        "  --hosts SHARE   1% to 100%, or the hosts' names: db-1,db-4\n"
	        "  --for DURATION  for this time: 90s, 10m, 2h; at most 576h\n"
	        "  --reason TEXT   the reason, shown by 'shunt status'\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 done; 3 the daemon cannot be reached, or a host does not follow\n"
	        "yet; 4 the daemon refused.\n",
	.run = run,
};
