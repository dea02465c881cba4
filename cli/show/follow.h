/* shunt status --follow: the table, drawn again whenever something changes. */
#ifndef SHUNT_CLI_SHOW_FOLLOW_H
#define SHUNT_CLI_SHOW_FOLLOW_H

/* `name`: of the one record that is shown; NULL: all. Returns the exit status; mistakes are said. */
int follow_run(const char *control, const char *name);

#endif
