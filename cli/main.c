/* The shunt command: a table of commands, each of which has its own file. */
#include <stdio.h>
#include <string.h>

#include "base/cli.h"
#include "base/near.h"
#include "base/options.h"
#include "base/versions.h"
#include "commands.h"

static int help_run(const struct command *command, const struct command_context *context, int argc,
                    char **argv);

static const struct command help_command = {
	.name = "help",
	.summary = "what a command does, and its options",
	.help = "Usage: shunt help [COMMAND]\n"
	        "\n"
	        "Lists the commands, or shows the help of one.\n",
	.is_local = true,
	.operands = { 0, 1, "one command", { "command" } },
	.run = help_run,
};

static const struct command *const commands[] = {
	&run_command,   &status_command, &watch_command,     &resolve_command, &explain_command,
	&doors_command, &force_command,  &auto_command,      &drill_command,   &reset_command,
	&check_command, &reload_command, &bugreport_command, &help_command,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *out)
{
	fputs("shunt sends a program to the standby when the primary is down.\n"
	      "\n"
	      "Usage: shunt COMMAND [OPTION]...\n"
	      "\n",
	      out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "  -h, --help     this text; after a command, what that command does\n"
	      "  -V, --version  the versions of shunt and its libraries\n"
	      "\n"
	      "A first try: shunt run -c FILE -- curl http://NAME/\n"
	      "The manual: shunt(1); the configuration: shunt.conf(5).\n",
	      out);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[COMMAND_COUNT], *nearest;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i]->name;
	nearest = near_find(name, names, COMMAND_COUNT);
	if (nearest)
		return cli_usage(NULL, "there is no command '%s'; did you mean '%s'?", name,
		                 nearest);
	return cli_usage(NULL, "there is no command '%s'", name);
}

static int help_run(const struct command *command, const struct command_context *context, int argc,
                    char **argv)
{
	struct command_line line;
	const struct command *subject;
	int status;

	if (!command_begin(command, context, NULL, argc, argv, &line, &status))
		return status;
	if (line.count == 0) {
		print_usage(stdout);
		return cli_finish(CLI_DONE);
	}
	subject = find_command(line.operands[0]);
	return subject ? command_help(subject) : unknown_command(line.operands[0]);
}

int main(int argc, char **argv)
{
	struct command_context context = { 0 };
	bool help = false, version = false;
	const struct option_row rows[] = { { 'h', "help", NULL, &help },
		                           { 'V', "version", NULL, &version },
		                           { 0, "control", &context.control, NULL },
		                           { 0 } };
	struct operands operands;
	const struct command *command;

	if (!options_parse(NULL, rows, true, argc, argv, &operands))
		return CLI_USAGE;
	if (help || version) {
		if (help)
			print_usage(stdout);
		else
			versions_print(stdout);
		return cli_finish(CLI_DONE);
	}
	if (operands.count == 0) {
		print_usage(stderr);
		return CLI_USAGE;
	}
	command = find_command(operands.list[0]);
	if (!command)
		return unknown_command(operands.list[0]);
	return command->run(command, &context, operands.count, operands.list);
}
