#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "api/api.h"
#include "base/cli.h"
#include "base/human.h"
#include "commands.h"

#define SECONDS 65 /* the daemon allows a minute for a large configuration */

static long long print_names(const json_t *answer, const char *kind)
{
	const json_t *names = json_object_get(answer, kind);
	long long count = json_integer_value(json_object_get(names, "count"));
	json_t *name;
	size_t i;

	json_array_foreach (json_object_get(names, "names"), i, name) {
		char line[300];

		snprintf(line, sizeof(line), "%-7s  %s", kind,
		         json_string_value(name) ? json_string_value(name) : "?");
		puts(human_printable(line));
	}
	if ((long long)i < count)
		printf("%-7s  ... and %lld more\n", kind, count - (long long)i);
	return count;
}

static void print_result(const json_t *answer)
{
	static const char *const kinds[] = { "added", "changed", "removed" };
	long long records = json_integer_value(json_object_get(answer, "records")), changes = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		changes += print_names(answer, kinds[i]);
	printf("%lld %s in force%s\n", records, records == 1 ? "record is" : "records are",
	       changes ? "" : ", none of them has changed");
}

static int run(const struct command *command, const struct command_context *context, int argc,
               char **argv)
{
	struct command_line line;
	char error[TROUBLE_MAX];
	json_t *answer;
	int status;

	if (!command_begin(command, context, NULL, argc, argv, &line, &status))
		return status;
	status = api_post(api_control(line.control), "/v1/reload", NULL, SECONDS, &answer, error);
	if (status != CLI_DONE) {
		cli_error("%s", error);
		return status;
	}
	print_result(answer);
	json_decref(answer);
	return cli_finish(CLI_DONE);
}

const struct command reload_command = {
	.name = "reload",
	.summary = "re-read the configuration; a bad one changes nothing",
	.help = "Usage: shunt reload [--control PATH]\n"
	        "\n"
	        "Makes the daemon read its configuration again. Prints the records added, changed\n"
	        "and removed. A file with a mistake changes nothing, and the mistake is printed.\n"
	        "Needs root, or membership in the control socket's group.\n"
	        "\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 reloaded; 3 the daemon cannot be reached; 4 it refused, or\n"
	        "the file has a mistake.\n",
	.run = run,
};
