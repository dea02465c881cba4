#include "api/record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/api.h"
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

/* Frees `path`, which may be NULL. */
static int get(const char *control, char *path, json_t **answer)
{
	char error[API_ERROR_MAX];
	int result;

	if (!path)
		return out_of_memory();
	result = api_get(api_control(control), path, answer, error);
	free(path);
	if (result != CLI_DONE)
		cli_error("%s", error);
	return result;
}

int record_get(const char *control, const char *name, json_t **answer)
{
	return get(control, api_record(name, ""), answer);
}

int record_status(const char *control, const char *name, json_t **status)
{
	return get(control, api_only("/v1/status", name), status);
}

const char *record_field(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool same_name(const char *a, const char *b, size_t length)
{
	return a && strlen(a) == length && strncasecmp(a, b, length) == 0;
}

static bool record_has_name(const json_t *record, const char *name, size_t length)
{
	json_t *alias;
	size_t i;

	if (same_name(record_field(record, "name"), name, length))
		return true;
	json_array_foreach (json_object_get(record, "aliases"), i, alias) {
		if (same_name(json_string_value(alias), name, length))
			return true;
	}
	return false;
}

json_t *record_find(const json_t *status, const char *name)
{
	size_t length = strlen(name), i;
	json_t *record;

	if (length > 1 && name[length - 1] == '.')
		length--;
	json_array_foreach (json_object_get(status, "records"), i, record) {
		if (record_has_name(record, name, length))
			return record;
	}
	return NULL;
}

bool record_operand(const struct command *command, const struct operands *operands, bool needed)
{
	if (operands->count > 1 || (needed && operands->count == 0))
		cli_usage(command->name, "%s takes one name, not %d", command->name,
		          operands->count);
	else if (operands->count && !*operands->list[0])
		cli_usage(command->name, "the name is empty");
	else
		return true;
	return false;
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
	return record_operand(command, &operands, true) ? run(control, operands.list[0])
	                                                : CLI_USAGE;
}
