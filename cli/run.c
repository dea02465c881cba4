#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/options.h"
#include "commands.h"
#include "program/drill.h"
#include "program/hello.h"
#include "program/places.h"
#include "program/preload.h"
#include "program/private.h"
#include "program/program.h"

#include "shunt/protocol.h"

struct run_options {
	const char *file;
	const char *socket;
	const char **force; /* NULL-terminated */
	bool verbose;
	bool is_forced;
	bool help;
};

static int cannot_execute(const char *name, int error)
{
	cli_error("cannot run %s: %s", name, error == EISDIR ? "it is a folder" : strerror(error));
	return error == ENOENT ? CLI_NO_COMMAND : CLI_CANNOT_EXECUTE;
}

static bool set(const char *name, const char *value)
{
	if (setenv(name, value, 1) == 0)
		return true;
	cli_error("cannot set %s: %s", name, strerror(errno));
	return false;
}

static bool use_private(const struct run_options *options, struct places *places)
{
	struct private private = { .folder = "" };
	char socket[PATH_MAX], control[PATH_MAX];

	if (!places_find_daemon(places))
		return false;
	if (!private_start(&private, places->daemon, options->file, options->verbose))
		return false;
	private_path(&private, "shunt.sock", socket);
	private_path(&private, "control.sock", control);
	return set("SHUNT_SOCKET", socket) && set("SHUNT_CONTROL", control);
}

/* The program runs in any case: without a daemon, libc resolves every name. */
static bool use_running(const struct run_options *options)
{
	const char *named = getenv("SHUNT_SOCKET"), *trouble;
	char path[PATH_MAX];

	if (options->socket) {
		if (!places_absolute(options->socket, path)) {
			cli_error("the path of the socket is too long: %s", options->socket);
			return false;
		}
		if (!set("SHUNT_SOCKET", path))
			return false;
		named = path;
	}
	if (!named || !*named)
		named = SHUNT_SOCKET_PATH;
	trouble = hello_trouble(named);
	if (trouble && options->is_forced) {
		cli_error("--force needs a daemon, and none answers at %s: %s", named, trouble);
		return false;
	}
	if (trouble)
		cli_error("warning: no daemon answers at %s: %s; until one does, names are "
		          "resolved as without shunt",
		          named, trouble);
	return true;
}

/* Called after SHUNT_SOCKET and SHUNT_CONTROL are set as COMMAND will have them. */
static bool force(const struct run_options *options)
{
	const char *named = getenv("SHUNT_SOCKET");
	char path[PATH_MAX];

	return places_absolute(named && *named ? named : SHUNT_SOCKET_PATH, path) &&
	       drill_set(options->force, path);
}

static void tell(void)
{
	static const char *const names[] = { "LD_PRELOAD", "SHUNT_SOCKET",      "SHUNT_CONTROL",
		                             "GODEBUG",    "GRPC_DNS_RESOLVER", "SHUNT_FORCE" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]))
			cli_error("%s=%s", names[i], getenv(names[i]));
}

static int execute(const struct run_options *options, char **argv)
{
	char path[PATH_MAX], asan[PROGRAM_NAME_SIZE];
	struct places places = { .library = "" };
	const char *beyond;
	int error = program_find(argv[0], path);

	if (error)
		return cannot_execute(argv[0], error);
	if (!places_find(&places))
		return CLI_RUN_FAILED;
	beyond = program_beyond_reach(path);
	if (beyond)
		cli_error("warning: %s cannot be reached by a preloaded library: %s", path, beyond);
	if (!(options->file ? use_private(options, &places) : use_running(options)))
		return CLI_RUN_FAILED;
	if (!(options->is_forced ? force(options) : drill_fits()))
		return CLI_RUN_FAILED;
	if (preload_set(places.library, program_asan(path, asan) ? asan : NULL) < 0) {
		cli_error("cannot set the environment: %s", strerror(errno));
		return CLI_RUN_FAILED;
	}
	if (options->verbose)
		tell();
	execvp(argv[0], argv);
	return cannot_execute(argv[0], errno);
}

static int run_with(struct run_options *options, const struct command *command,
                    const struct command_context *context, int argc, char **argv)
{
	const struct option_row rows[] = { { 'c', "config", &options->file, NULL },
		                           { 0, "socket", &options->socket, NULL },
		                           { 0, "force", options->force, &options->is_forced },
		                           { 'v', "verbose", NULL, &options->verbose },
		                           { 'h', "help", NULL, &options->help },
		                           { 0 } };
	struct operands operands;

	if (!options_parse(command->name, rows, true, argc, argv, &operands))
		return CLI_USAGE;
	if (options->help)
		return command_help(command);
	if (context->control)
		return cli_usage(command->name, "run takes no --control");
	if (options->file && options->socket)
		return cli_usage(command->name,
		                 "-c brings a daemon and a socket of its own; leave --socket out");
	if (operands.count == 0)
		return cli_usage(command->name, "run needs a command");
	for (size_t i = 0; options->force[i]; i++)
		if (!drill_is_formed(options->force[i]))
			return CLI_USAGE;
	return execute(options, operands.list);
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct run_options options = { .force = calloc((size_t)argc + 1, sizeof(char *)) };
	int result = CLI_RUN_FAILED;

	if (options.force)
		result = run_with(&options, command, context, argc, argv);
	free(options.force);
	return result;
}

const struct command run_command = {
	.name = "run",
	.summary = "run a program so that it avoids dead endpoints",
	.help = "Usage: shunt run [-c FILE] [--socket PATH] [--force NAME=ENDPOINT] [-v]\n"
	        "                 [--] COMMAND [ARGUMENT]...\n"
	        "\n"
	        "Runs COMMAND with libshunt.so preloaded: names that shuntd manages resolve to\n"
	        "the endpoint that is up.\n"
	        "\n"
	        "  -c, --config FILE  start a private daemon that reads FILE, needs no root and\n"
	        "                     ends with COMMAND\n"
	        "  --socket PATH      the daemon's client socket (else SHUNT_SOCKET, else\n"
	        "                     /run/shunt/shunt.sock)\n"
	        "  --force NAME=ENDPOINT\n"
	        "                     use that endpoint, whatever its health, for COMMAND only;\n"
	        "                     may be repeated\n"
	        "  -v, --verbose      print the environment that is set, and log more\n"
	        "\n"
	        "Exit status: COMMAND's own; 125 shunt failed, 126 COMMAND cannot be executed,\n"
	        "127 there is no such COMMAND.\n",
	.run = run,
};
