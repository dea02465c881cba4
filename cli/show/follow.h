/* shunt status --follow: the table, redrawn whenever something changes. */
#ifndef SHUNT_CLI_SHOW_FOLLOW_H
#define SHUNT_CLI_SHOW_FOLLOW_H

/* `name`: the only record to show; NULL: all. Prints errors; returns the exit status. */
int follow_run(const char *control, const char *name);

#endif
