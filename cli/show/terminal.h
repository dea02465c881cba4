/* The capabilities of the terminal behind a stream. */
#ifndef SHUNT_CLI_SHOW_TERMINAL_H
#define SHUNT_CLI_SHOW_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* SGR parameters of ECMA-48. */
#define TERMINAL_BOLD "1"
#define TERMINAL_RED "31"
#define TERMINAL_GREEN "32"
#define TERMINAL_YELLOW "33"

/* It is a terminal, and neither it nor NO_COLOR says no. */
bool terminal_colours(FILE *out);

/* Columns of a table: the terminal's within bounds, 80 where there is none. */
size_t terminal_width(FILE *out);

#endif
