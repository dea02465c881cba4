/* The capabilities of the terminal behind a stream, and the colours of what is shown. */
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

/* The colour of "up", "down", and of what is neither. Pure. */
const char *terminal_health_colour(const char *health);

/* Whether it is a terminal, and neither the terminal's type nor NO_COLOR forbids colours. */
bool terminal_colours(FILE *out);

/* The columns of a table: the terminal's, within bounds; 80 if it is not a terminal. */
size_t terminal_width(FILE *out);

#endif
