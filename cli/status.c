#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "api/ask.h"
#include "base/cli.h"
#include "commands.h"
#include "show/fleet_table.h"
#include "show/follow.h"
#include "show/json_print.h"
#include "show/status_table.h"
#include "show/terminal.h"
#include "show/verdict.h"

#define OUTPUT_BUFFER 65536 /* a long table is written to a terminal in few writes */

static void buffer_output(void)
{
	static char buffer[OUTPUT_BUFFER];

	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

static int show_table(const char *control, const char *name)
{
	const struct status_table_style style = { .width = terminal_width(stdout),
		                                  .colours = terminal_colours(stdout),
		                                  .now = time(NULL) };
	char error[TROUBLE_MAX];
	struct listing listing;
	int result = ask_listing(api_control(control), name, &listing, error);

	if (result != CLI_DONE) {
		cli_error("%s", error);
		return result;
	}
	buffer_output();
	status_table_print(&listing, &style, stdout);
	result = cli_finish(verdict_listing(&listing));
	listing_free(&listing);
	return result;
}

static void print_token(void *arg, const struct json_scan_token *token)
{
	json_print_token(arg, token);
}

/*
 * Reads the daemon's text once, token by token: building a tree would take ten times as long. Nothing is
 * written before all of it is known to be good.
 */
static int show_json(const char *control, const char *name)
{
	char error[TROUBLE_MAX], *text;
	struct json_print print = { 0 };
	int verdict, result = ask_status_text(control, name, &text);
	bool good;

	if (result != CLI_DONE)
		return result;
	good = verdict_json(text, strlen(text), &verdict, print_token, &print);
	free(text);
	if (!json_print_end(&print, good ? stdout : NULL)) {
		cli_error("out of memory");
		return CLI_REFUSED;
	}
	if (good)
		return cli_finish(verdict);
	result = trouble_stranger(api_control(control), error);
	cli_error("%s", error);
	return result;
}

static int show_fleet(const char *control, const char *name, bool as_json)
{
	const struct status_table_style style = { .width = terminal_width(stdout),
		                                  .colours = terminal_colours(stdout),
		                                  .now = time(NULL) };
	json_t *fleet;
	int result = ask_fleet(control, name, &fleet);

	if (result != CLI_DONE)
		return result;
	result = fleet_table_verdict(fleet);
	buffer_output();
	if (as_json)
		json_dumpf(fleet, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	if (as_json)
		putchar('\n');
	else if (result == CLI_REFUSED)
		cli_error("this host is in no fleet; see fleet in shunt.conf(5)");
	else
		fleet_table_print(fleet, &style, stdout);
	json_decref(fleet);
	return cli_finish(result);
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	bool as_json = false, follows = false, fleet = false;
	const struct option_row rows[] = { { 0, "json", NULL, &as_json },
		                           { 0, "follow", NULL, &follows },
		                           { 0, "fleet", NULL, &fleet },
		                           { 0 } };
	struct command_line line;
	int status;

	if (!command_begin(command, context, rows, argc, argv, &line, &status))
		return status;
	if (follows && as_json)
		return cli_usage(command->name,
		                 "--follow draws a table; use 'shunt watch --json' for changes");
	if (follows && fleet)
		return cli_usage(command->name, "--follow shows this host alone, not the fleet");
	if (fleet)
		return show_fleet(line.control, line.operands[0], as_json);
	if (follows)
		return follow_run(api_control(line.control), line.operands[0]);
	return as_json ? show_json(line.control, line.operands[0])
	               : show_table(line.control, line.operands[0]);
}

const struct command status_command = {
	.name = "status",
	.summary = "what every name answers now, since when, and why",
	.operands = { 0, 1, "one name", { "name" } },
	.help = "Usage: shunt status [NAME] [--fleet] [--json | --follow] [--control PATH]\n"
	        "\n"
	        "Shows what every managed name, or NAME, answers now, from which endpoint, since\n"
	        "when and why; below it each endpoint with its health and the latency of the last\n"
	        "probe, or its error if it failed. '*' marks the endpoint that answers.\n"
	        "\n"
	        "  --fleet         the fleet instead: votes about each endpoint, and hosts with\n"
	        "                  what each disagrees about, and since when\n"
	        "  --json          print the daemon's JSON\n"
	        "  --follow        on a terminal: redraw whenever something changes, with the\n"
	        "                  last events below; q quits\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 every primary answers; 1 a name answers from another endpoint;\n"
	        "2 a name has no healthy endpoint; 3 the daemon cannot be reached; 4 NAME is\n"
	        "not managed. With --fleet: 0 all hosts answer as agreed; 1 a host does not; 2\n"
	        "this host has lost the fleet; 3; 4 also where there is no fleet.\n",
	.run = run,
};
