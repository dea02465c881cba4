/* Options of a command, from a table: long and short ones, "--name VALUE" and "--name=VALUE", "--" ends them. */
#ifndef SHUNT_CLI_BASE_OPTIONS_H
#define SHUNT_CLI_BASE_OPTIONS_H

#include <stdbool.h>

struct option_row {
	char letter;        /* 0: none */
	const char *name;   /* without dashes; NULL: none */
	const char **value; /* the option takes a value, which goes here; or */
	bool *flag; /* it is set; with `value`, the option may be repeated, and `value` is an array
	               of as many NULLs as there are arguments */
};

struct operands {
	char **list; /* NULL-terminated, in `argv`'s memory */
	int count;
};

/*
 * Reads argv[1] and what follows; operands may stand between the options unless `first_ends`: then the first one, and
 * everything after it, is an operand. `rows` ends with an empty row. False when there is a mistake, which has been said.
 * The order of `argv` changes.
 */
bool options_parse(const char *command, const struct option_row *rows, bool first_ends, int argc,
                   char **argv, struct operands *operands);

#endif
