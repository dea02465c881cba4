#include "base/command.h"

#include <stdio.h>

#include "base/cli.h"

#define ROWS_MAX 16

/* `rows` followed by --help and, with `control`, --control. */
static void add_rows(struct option_row all[ROWS_MAX], const struct option_row *rows, bool *help,
                     const char **control)
{
	size_t count = 0;

	for (; rows && (rows->letter || rows->name) && count < ROWS_MAX - 3; rows++)
		all[count++] = *rows;
	all[count++] = (struct option_row){ 'h', "help", NULL, help };
	if (control)
		all[count++] = (struct option_row){ 0, "control", control, NULL };
	all[count] = (struct option_row){ 0 };
}

static bool operands_fit(const struct command *command, const struct operands *operands)
{
	if (operands->count > 0 && command->operands.most == 0) {
		cli_usage(command->name, "%s takes no operands, not '%s'", command->name,
		          operands->list[0]);
		return false;
	}
	if (operands->count < command->operands.least || operands->count > command->operands.most) {
		cli_usage(command->name, "%s takes %s, not %d", command->name,
		          command->operands.words, operands->count);
		return false;
	}
	for (int i = 0; i < operands->count; i++) {
		if (*operands->list[i])
			continue;
		cli_usage(command->name, "the %s is empty", command->operands.names[i]);
		return false;
	}
	return true;
}

bool command_begin(const struct command *command, const struct command_context *context,
                   const struct option_row *rows, int argc, char **argv, struct command_line *line,
                   int *status)
{
	struct option_row all[ROWS_MAX];
	struct operands operands;
	bool help = false;

	*status = CLI_USAGE;
	line->control = context->control;
	add_rows(all, rows, &help, command->is_local ? NULL : &line->control);
	if (!options_parse(command->name, all, false, argc, argv, &operands))
		return false;
	if (help) {
		*status = command_help(command);
		return false;
	}
	line->operands = operands.list;
	line->count = operands.count;
	return operands_fit(command, &operands);
}

int command_help(const struct command *command)
{
	fputs(command->help, stdout);
	return cli_finish(CLI_DONE);
}
