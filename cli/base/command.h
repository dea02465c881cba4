/*
 * A command of shunt: its entry in the list of commands, and the prologue shared by all commands.
 */
#ifndef SHUNT_CLI_BASE_COMMAND_H
#define SHUNT_CLI_BASE_COMMAND_H

#include <stdbool.h>

#include "base/options.h"

#define COMMAND_OPERANDS_MAX 2

/* The options given before the command's name. */
struct command_context {
	const char *control; /* value of --control; NULL: not given */
};

struct command {
	const char *name;
	const char *summary; /* one line in the list of commands */
	const char *help;    /* usage and options, for `shunt help NAME` */
	bool is_local;       /* does not contact a daemon; has no --control */
	/* How many operands the command takes, as in "takes one name", and what each of them is. */
	struct {
		int least, most;
		const char *words;
		const char *names[COMMAND_OPERANDS_MAX];
	} operands;
	/* argv[0] is the command's name. Returns the exit status. */
	int (*run)(const struct command *command, const struct command_context *context, int argc,
	           char **argv);
};

/* The result of command_begin(). */
struct command_line {
	const char *control;
	char **operands; /* NULL-terminated; points into `argv` */
	int count;
};

/*
 * The prologue of a command: parses its options, which are `rows` (NULL: none), --control and
 * --help, and its operands. Returns false if the command is to exit with `*status`: the help or an
 * error was printed.
 */
bool command_begin(const struct command *command, const struct command_context *context,
                   const struct option_row *rows, int argc, char **argv, struct command_line *line,
                   int *status);

/* Prints help on standard output. Returns CLI_DONE, or CLI_OUTPUT if it could not be written. */
int command_help(const struct command *command);

#endif
