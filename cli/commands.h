/* The commands; each has its own file. */
#ifndef SHUNT_CLI_COMMANDS_H
#define SHUNT_CLI_COMMANDS_H

#include "base/command.h"

extern const struct command run_command;
extern const struct command status_command;
extern const struct command watch_command;
extern const struct command resolve_command;
extern const struct command explain_command;
extern const struct command doors_command;
extern const struct command force_command;
extern const struct command auto_command;
extern const struct command drill_command;
extern const struct command reset_command;
extern const struct command check_command;
extern const struct command reload_command;
extern const struct command bugreport_command;

#endif
