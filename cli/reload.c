#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "api/api.h"
#include "cli.h"
#include "options.h"
#include "show/words.h"

#define SECONDS 30 /* a large configuration takes a while */

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
		puts(words_printable(line));
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

static int run(const struct command *command, const struct cli_context *context, int argc,
               char **argv)
{
	const char *control = context->control;
	bool help = false;
	const struct option_row rows[] = { { 'h', "help", NULL, &help },
		                           { 0, "control", &control, NULL },
		                           { 0 } };
	struct operands operands;
	char error[API_ERROR_MAX];
	json_t *answer;
	int result;

	if (!options_parse(command->name, rows, false, argc, argv, &operands))
		return CLI_USAGE;
	if (help)
		return cli_help(command);
	if (operands.count)
		return cli_usage(command->name, "reload takes no operands, not '%s'",
		                 operands.list[0]);
	result = api_post(api_control(control), "/v1/reload", NULL, SECONDS, &answer, error);
	if (result != CLI_DONE) {
		cli_error("%s", error);
		return result;
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
	        "The daemon reads its configuration again. A file with a mistake changes nothing,\n"
	        "and the mistake is printed; else what was added, changed and removed is.\n"
	        "Needs root, or membership in the control socket's group.\n"
	        "\n"
	        "  --control PATH  the daemon's control socket (else SHUNT_CONTROL, else\n"
	        "                  /run/shunt/control.sock)\n"
	        "\n"
	        "Exit status: 0 it is in force; 3 the daemon cannot be reached; 4 it refused, or\n"
	        "the file has a mistake.\n",
	.run = run,
};
