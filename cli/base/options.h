/*
 * Parses the options of a command from a table: long and short options, "--name VALUE" and
 * "--name=VALUE"; "--" ends them.
 */
#ifndef SHUNT_CLI_BASE_OPTIONS_H
#define SHUNT_CLI_BASE_OPTIONS_H

#include <stdbool.h>

struct option_row {
	char letter;        /* 0: none */
	const char *name;   /* without dashes; NULL: none */
	const char **value; /* where to store the option's value; or */
	/*
	 * set to true; with `value`, the option may be repeated, and `value` is an array of as many
	 * NULLs as there are arguments
	 */
	bool *flag;
};

struct operands {
	char **list; /* NULL-terminated; points into `argv` */
	int count;
};

/*
 * Parses argv[1] and what follows. Operands may stand between options unless `first_ends`: then the
 * first operand and everything after it are operands. `rows` ends with an empty row. Returns false
 * after printing an error. Reorders `argv`.
 */
bool options_parse(const char *command, const struct option_row *rows, bool first_ends, int argc,
                   char **argv, struct operands *operands);

#endif
