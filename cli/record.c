#include "record.h"

#include <stdbool.h>
#include <stdlib.h>

#include "api.h"
#include "cli.h"
#include "options.h"

#define SECONDS 5

static int out_of_memory(void)
{
	cli_error("out of memory");
	return CLI_OUTPUT;
}

int record_post(const char *control, const char *name, const char *behind, const json_t *body,
                json_t **answer)
{
	char *path = api_record(name, behind), error[API_ERROR_MAX];
	int result;

	if (!path)
		return out_of_memory();
	result = api_post(api_control(control), path, body, SECONDS, answer, error);
	free(path);
	if (result != CLI_DONE)
		cli_error("%s", error);
	return result;
}

int record_get(const char *control, const char *name, json_t **answer)
{
	char *path = api_record(name, ""), error[API_ERROR_MAX];
	int result;

	if (!path)
		return out_of_memory();
	result = api_get(api_control(control), path, answer, error);
	free(path);
	if (result != CLI_DONE)
		cli_error("%s", error);
	return result;
}

const char *record_field(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int record_run(const struct command *command, const struct cli_context *context, int argc,
               char **argv, int (*run)(const char *control, const char *name))
{
	const char *control = context->control;
	bool help = false;
	const struct option_row rows[] = { { 'h', "help", NULL, &help },
		                           { 0, "control", &control, NULL },
		                           { 0 } };
	struct operands operands;

	if (!options_parse(command->name, rows, false, argc, argv, &operands))
		return CLI_USAGE;
	if (help)
		return cli_help(command);
	if (operands.count != 1)
		return cli_usage(command->name, "%s takes one name, not %d", command->name,
		                 operands.count);
	if (!*operands.list[0])
		return cli_usage(command->name, "the name is empty");
	return run(control, operands.list[0]);
}
